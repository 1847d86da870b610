using Distributed.Cluster.Checkpoints;
using Distributed.Cluster.Protocol;
using Distributed.Learning;

namespace Distributed.Cluster.Tests.Checkpoints;

public sealed class RunCheckpointsTests : IDisposable
{
    private static readonly TrainingMessages.ShardDescription[] Shards = [new(0, 0, 0, 1024), new(1, 1, 1024, 10)];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_newest_whole_checkpoint_is_found_and_damaged_ones_are_named()
    {
        foreach (var version in new[] { 7, 90, 100 })
            Write(version);
        File.AppendAllText(Part(90, "optimizer-0001.bin"), "x");
        File.Delete(Part(100, CheckpointManifest.File));
        Directory.CreateDirectory(folder["checkpoints/version-000000200" + CheckpointWriter.Unfinished]);
        var (newest, damaged) = RunCheckpoints.Newest(folder.Path);
        Assert.Equal(7, newest.Version);
        Assert.Equal([(0L, 1024L), (1024L, 10L)], newest.OptimizerStates.Select(state => (state.Offset, state.Length)));
        Assert.Equal("name = tiny\n", newest.JobText);
        Assert.Collection(
            damaged,
            line => Assert.StartsWith(Part(100, CheckpointManifest.File) + ": expected a checkpoint's manifest", line, StringComparison.Ordinal),
            line => Assert.Equal(Part(90, "optimizer-0001.bin") + ": expected 20 bytes, got 21", line));
    }

    [Theory]
    [InlineData("weights.safetensors")]
    [InlineData("optimizer-0000.bin")]
    [InlineData("job.hocon")]
    public void One_changed_byte_of_any_part_is_noticed(string part)
    {
        Write(7);
        var bytes = File.ReadAllBytes(Part(7, part));
        bytes[^1] ^= 1;
        File.WriteAllBytes(Part(7, part), bytes);
        Assert.Contains(
            part + ": its SHA-256 is not that of the manifest",
            Assert.Throws<BadInputException>(() => RunCheckpoints.Newest(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("""{"format":1,"version":7,"weights":null,"optimizerStates":[],"job":null}""")]
    [InlineData("""{"format":2,"version":7,"weights":{"file":"w","bytes":1,"sha256":"","offset":0,"length":0},"optimizerStates":[],"job":{"file":"j","bytes":1,"sha256":"","offset":0,"length":0}}""")]
    [InlineData("""{"format":1,"version":7,"weights":{"file":"../w","bytes":1,"sha256":"","offset":0,"length":0},"optimizerStates":[],"job":{"file":"j","bytes":1,"sha256":"","offset":0,"length":0}}""")]
    public void A_manifest_that_says_something_else_is_refused(string manifest)
    {
        Write(7);
        File.WriteAllText(Part(7, CheckpointManifest.File), manifest);
        Assert.Throws<BadInputException>(() => Checkpoint.Open(folder["checkpoints/version-000000007"]));
    }

    [Fact]
    public void Only_the_newest_stay_and_nothing_unfinished()
    {
        foreach (var version in new[] { 1, 5, 30, 400 })
            Write(version);
        Directory.CreateDirectory(folder["checkpoints/version-000000500" + CheckpointWriter.Unfinished]);
        RunCheckpoints.Retain(folder["checkpoints"], 2);
        Assert.Equal(
            ["version-000000030", "version-000000400"],
            Directory.GetFileSystemEntries(folder["checkpoints"]).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal));
    }

    private string Part(long version, string file) => Path.Combine(RunCheckpoints.FolderOf(folder.Path), RunCheckpoints.NameOf(version), file);

    private void Write(long version) => CheckpointWriter.Write(
        folder["checkpoints"], version, "name = tiny\n", stream => stream.Write(new byte[100]),
        Shards.Select(shard => (shard, (Action<Stream>)(stream => stream.Write(new byte[20])))));
}
