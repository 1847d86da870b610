using System.Text.Json.Nodes;
using Distributed.Cluster.Coordination;
using Distributed.Cluster.Monitoring.TensorBoard;

namespace Distributed.Cluster.Tests.Monitoring.TensorBoard;

public sealed class RunEventsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Checksums_are_the_formats_own()
    {
        // The published check value of CRC-32C.
        Assert.Equal(0xe3069283u, Unmask(EventFile.Checksum("123456789"u8)));
        for (var length = 0; length < 20; length++)
            Assert.Equal(EventFileReader.Masked(new byte[length]), EventFile.Checksum(new byte[length]));
    }

    [Fact]
    public void Steps_and_evaluations_are_scalars_that_a_reader_of_the_format_finds()
    {
        using (var events = new RunEvents(folder.Path))
        {
            events.Add(new StepRecord(7, 64, 0.5, 0.75, 4, 3, 0.25, 1), 0.125);
            events.Add(8, JsonNode.Parse("""{ "epoch": 1, "version": 8, "loss": 2, "classification": { "macro": { "f1": 0.5 } }, "notes": ["none"] }""")!.AsObject());
        }

        var file = Assert.Single(Directory.GetFiles(folder.Path));
        Assert.Contains("tfevents", Path.GetFileName(file), StringComparison.Ordinal);
        var entries = EventFileReader.Read(file);
        Assert.Equal("brain.Event:2", entries[0].FileVersion);
        Assert.All(entries, entry => Assert.InRange(entry.WallTime, 1.7e9, 1e11));
        Assert.Equal(7, entries[1].Step);
        Assert.Equal(
            new Dictionary<string, float>
            {
                ["training/loss"] = 0.5f,
                ["training/accuracy"] = 0.75f,
                ["training/learning-rate"] = 0.125f,
                ["training/samples-per-second"] = 16000,
                ["time/step-milliseconds"] = 4,
                ["time/compute-milliseconds"] = 3,
                ["time/input-milliseconds"] = 0.25f,
                ["time/exchange-milliseconds"] = 1,
            },
            entries[1].Scalars);
        Assert.Equal(7, entries[2].Step);
        Assert.Equal(new Dictionary<string, float> { ["evaluation/loss"] = 2, ["evaluation/classification/macro/f1"] = 0.5f }, entries[2].Scalars);
    }

    [Fact]
    public void A_long_runs_file_stays_small()
    {
        Assert.All(Enumerable.Range(0, 1000), step => Assert.True(RunEvents.IsDrawn(step)));
        Assert.Equal(900, Enumerable.Range(1000, 9000).Count(step => RunEvents.IsDrawn(step)));
        Assert.Equal(900, Enumerable.Range(10_000, 90_000).Count(step => RunEvents.IsDrawn(step)));
    }

    private static uint Unmask(uint masked)
    {
        var rotated = masked - 0xa282ead8;
        return (rotated >> 17) | (rotated << 15);
    }
}
