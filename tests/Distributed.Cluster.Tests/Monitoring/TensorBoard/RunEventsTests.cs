using System.Text.Json.Nodes;
using Distributed.Cluster.Coordination;
using Distributed.Cluster.Monitoring.TensorBoard;
using Distributed.Learning;
using TorchSharp;

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
    public unsafe void Weights_are_histograms_and_pictures_are_images()
    {
        byte[] png = [0x89, .. new byte[15], 0, 0, 1, 44, 0, 0, 0, 200, 1, 2, 3];
        using var module = torch.nn.Sequential(("fc", torch.nn.Linear(3, 2)));
        var layout = ParameterLayout.Of(module);
        var weights = new float[layout.Length];
        (weights[0], weights[1], weights[5]) = (-1, 3, float.NaN);
        using (var events = new RunEvents(folder.Path))
        {
            fixed (float* flat = weights)
            {
                events.Add(5, layout, (nint)flat);
                events.Add(5, layout, (nint)flat);
            }

            events.Add(6, "confusion", png);
        }

        var entries = EventFileReader.Read(Assert.Single(Directory.GetFiles(folder.Path)));
        Assert.Equal([0, 4, 5], entries.Select(entry => entry.Step));
        var spread = entries[1].Histograms["weights/fc.weight"];
        Assert.Equal((-1, 3, 5, 2, 10), (spread.Min, spread.Max, spread.Count, spread.Sum, spread.Squares));
        Assert.Equal((5, 64, 3), (spread.Buckets.Sum(), spread.Limits.Length, spread.Limits[^1]));
        Assert.Equal(spread.Limits.Order(), spread.Limits);
        Assert.Equal((1, 3, 1), (spread.Buckets[0], spread.Buckets[16], spread.Buckets[^1]));
        // Values that are all the same are one bucket.
        Assert.Equal([2], entries[1].Histograms["weights/fc.bias"].Buckets);
        var image = entries[2].Images["run/confusion"];
        Assert.Equal((300, 200), (image.Width, image.Height));
        Assert.Equal(png, image.Picture);
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
