using System.Security.Cryptography;
using System.Text.Json;
using Distributed.Cluster.Checkpoints;
using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Tests.Checkpoints;

public sealed class CheckpointWriterTests : IDisposable
{
    private static readonly TrainingMessages.ShardDescription[] Shards = [new(0, 0, 0, 1024), new(1, 1, 1024, 10)];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_manifest_names_every_part_with_its_size_and_hash()
    {
        var (written, bytes) = Write(12, fill: 1);
        Assert.Equal(folder["version-000000012"], written);
        Assert.Equal(100 + 20 + 20, bytes);
        using var manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(written, CheckpointManifest.File)));
        var root = manifest.RootElement;
        Assert.Equal(CheckpointManifest.CurrentFormat, root.GetProperty("format").GetInt32());
        Assert.Equal(12, root.GetProperty("version").GetInt64());
        JsonElement[] parts = [root.GetProperty("weights"), root.GetProperty("job"), .. root.GetProperty("optimizerStates").EnumerateArray()];
        Assert.Equal(4, parts.Length);
        foreach (var part in parts)
        {
            var content = File.ReadAllBytes(Path.Combine(written, part.GetProperty("file").GetString()!));
            Assert.Equal(content.Length, part.GetProperty("bytes").GetInt64());
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(content)), part.GetProperty("sha256").GetString());
        }

        Assert.Equal([(0L, 1024L), (1024L, 10L)], parts[2..].Select(part => (part.GetProperty("offset").GetInt64(), part.GetProperty("length").GetInt64())));
        Assert.Equal(parts.Length + 1, Directory.GetFiles(written).Length);
    }

    /// <summary>The write breaks off before each part in turn, as by a full disk or a server that is gone.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_write_that_breaks_off_harms_no_older_checkpoint_and_leaves_none_that_looks_whole(int partsBefore)
    {
        Write(7, fill: 1);
        Write(8, fill: 2);
        var before = Content();
        Assert.Throws<IOException>(() => Write(9, fill: 3, breakAfter: partsBefore));
        Assert.Throws<IOException>(() => Write(8, fill: 3, breakAfter: partsBefore));
        Assert.Equal(["version-000000007", "version-000000008"], Complete());
        Assert.Equal(before, Content());

        Write(9, fill: 3);
        Assert.Equal(["version-000000007", "version-000000008", "version-000000009"], Complete());
    }

    [Fact]
    public void A_version_that_is_written_again_replaces_the_one_before_and_leaves_nothing_beside_it()
    {
        Write(7, fill: 1);
        Write(7, fill: 2);
        Assert.Equal(2, File.ReadAllBytes(Path.Combine(folder["version-000000007"], "weights.safetensors"))[0]);
        Assert.Equal([folder["version-000000007"]], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_folder_that_is_not_there_cannot_be_flushed() =>
        Assert.Contains("nowhere", Assert.Throws<IOException>(() => Disk.FlushFolder(folder["nowhere"])).Message, StringComparison.Ordinal);

    [Fact]
    public void What_is_written_and_flushed_replaces_a_longer_file_whole()
    {
        Disk.WriteAndFlush(folder["file"], [1, 2, 3]);
        Disk.WriteAndFlush(folder["file"], [4]);
        Disk.Flush(folder["file"]);
        Assert.Equal([4], File.ReadAllBytes(folder["file"]));
    }

    private (string Folder, long Bytes) Write(long version, byte fill, int breakAfter = int.MaxValue)
    {
        var parts = 0;
        return CheckpointWriter.Write(
            folder.Path, version, "name = tiny\n",
            stream => stream.Write(Part(100)),
            Shards.Select(shard => (shard, (Action<Stream>)(stream => stream.Write(Part(20))))));

        byte[] Part(int bytes) =>
            parts++ == breakAfter ? throw new IOException("No space left on device") : Enumerable.Repeat(fill, bytes).ToArray();
    }

    private string[] Complete() =>
        [.. Directory.GetDirectories(folder.Path).Where(path => !path.EndsWith(".new", StringComparison.Ordinal)).Select(path => Path.GetFileName(path)!).Order()];

    private Dictionary<string, string> Content() =>
        Complete().SelectMany(name => Directory.GetFiles(folder[name])).ToDictionary(file => file, file => Convert.ToHexString(File.ReadAllBytes(file)));
}
