using System.Collections.Concurrent;
using Distributed.Cluster.Data;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Protocol;
using Distributed.Learning;

namespace Distributed.Cluster.Tests;

/// <summary>A worker's files against those of the job, and receiving them from another node's folder.</summary>
public sealed class DataCheckTests : IDisposable
{
    private static readonly Guid Id = Guid.NewGuid();
    private readonly TemporaryFolder theirs = new();
    private readonly TemporaryFolder ours = new();
    private readonly List<(int Files, long Bytes)> received = [];
    private readonly List<string> phases = [];

    public void Dispose()
    {
        theirs.Dispose();
        ours.Dispose();
    }

    [Fact]
    public void Data_that_the_program_makes_is_compared_with_nobodys() => Assert.Null(Check(new NoPeer(), data: "format = random, tokens = 256, classes = 256, targets = each-place"));

    [Fact]
    public void The_same_files_are_taken_as_they_are()
    {
        Fill(theirs, "a.txt", 5);
        Fill(ours, "a.txt", 5);
        using var peer = new Peer(theirs.Path);
        Assert.Equal(peer.Manifest.Digest, Check(peer)!.Digest);
        Assert.Empty(peer.Asked);
        Assert.Empty(received);
    }

    [Fact]
    public void Another_file_is_named_and_left_as_it_is()
    {
        Fill(theirs, "a.txt", 5, seed: 1);
        var mine = Fill(ours, "a.txt", 5, seed: 2);
        using var peer = new Peer(theirs.Path);
        var refused = Assert.Throws<BadInputException>(() => Check(peer, fetches: true));
        Assert.StartsWith($"{ours.Path} has another a.txt than head: 5 bytes of SHA-256 ", refused.Message);
        Assert.Equal(mine, File.ReadAllBytes(ours["a.txt"]));
    }

    [Fact]
    public void A_missing_file_is_received_only_where_that_is_allowed()
    {
        var content = Fill(theirs, "a.txt", (2 * DataMessages.ChunkBytes) + 7);
        using var peer = new Peer(theirs.Path);
        Assert.Contains("a.txt: no such file", Assert.Throws<BadInputException>(() => Check(peer)).Message);
        Assert.Equal(peer.Manifest.Digest, Check(peer, fetches: true)!.Digest);
        Assert.Equal(content, File.ReadAllBytes(ours["a.txt"]));
        Assert.Equal([ours["a.txt"]], Directory.GetFiles(ours.Path));
        Assert.Equal([0, DataMessages.ChunkBytes, 2 * DataMessages.ChunkBytes], peer.Asked);
        Assert.Equal([(1, content.LongLength)], received);
        Assert.Contains(phases, phase => phase.StartsWith(DataCheck.Receiving, StringComparison.Ordinal));
    }

    [Fact]
    public void What_was_received_before_a_node_ended_is_gone_on_from()
    {
        var content = Fill(theirs, "a.txt", 3 * DataMessages.ChunkBytes);
        using (var dying = new Peer(theirs.Path) { DiesAt = 2 * DataMessages.ChunkBytes })
            Assert.Throws<TimeoutException>(() => Check(dying, fetches: true));
        Assert.False(File.Exists(ours["a.txt"]));
        using var peer = new Peer(theirs.Path);
        Check(peer, fetches: true);
        Assert.Equal([2 * DataMessages.ChunkBytes], peer.Asked);
        Assert.Equal(content, File.ReadAllBytes(ours["a.txt"]));
    }

    [Fact]
    public void What_comes_damaged_is_not_kept()
    {
        Fill(theirs, "a.txt", 100);
        using var peer = new Peer(theirs.Path) { Damages = true };
        Assert.Contains("a.txt came damaged", Assert.Throws<BadInputException>(() => Check(peer, fetches: true)).Message);
        Assert.Empty(Directory.GetFiles(ours.Path));
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("/tmp/evil")]
    public void A_list_with_names_outside_of_the_data_folder_is_refused(string name)
    {
        Fill(theirs, "a.txt", 100);
        using var peer = new Peer(theirs.Path) { Claims = new DataFileEntry(name, 100, new string('a', 64)) };
        Assert.Contains("below the data folder", Assert.Throws<BadInputException>(() => Check(peer, fetches: true)).Message);
        Assert.Empty(Directory.GetFiles(ours.Path));
    }

    [Fact]
    public void More_than_there_is_room_for_is_refused_before_anything_comes()
    {
        Fill(theirs, "a.txt", 100);
        using var peer = new Peer(theirs.Path) { Claims = new DataFileEntry("a.txt", long.MaxValue / 2, new string('a', 64)) };
        Assert.Contains(" are free", Assert.Throws<BadInputException>(() => Check(peer, fetches: true)).Message);
        Assert.Empty(peer.Asked);
    }

    [Fact]
    public void Where_nobody_has_the_data_the_missing_file_is_named() =>
        Assert.EndsWith("no node of the job has the data", Assert.Throws<BadInputException>(() => Check(new NoPeer(), fetches: true)).Message);

    [Fact]
    public void Only_files_of_the_data_are_given_to_others()
    {
        Fill(theirs, "a.txt", 100);
        Fill(theirs, "secret", 100);
        using var peer = new Peer(theirs.Path);
        foreach (var question in (object[])
            [
                new DataMessages.ReadChunk(Id, peer.Manifest.Digest, 1, 0), new DataMessages.ReadChunk(Id, peer.Manifest.Digest, -1, 0),
                new DataMessages.ReadChunk(Id, peer.Manifest.Digest, 0, 100), new DataMessages.ReadChunk(Id, peer.Manifest.Digest, 0, -1),
                new DataMessages.ReadChunk(Id, "another", 0, 0), new DataMessages.ListFiles(Id, peer.Manifest.Digest, -1),
            ])
            Assert.IsType<DataMessages.NotHere>(peer.Answer(question));
    }

    private DataManifest? Check(IDataPeer peer, bool fetches = false, string data = "format = text, file = a.txt, time = 4, unit = bytes")
    {
        var job = Job.Parse("job.hocon", $$"""
            model { input = [4], layers = [{ type = embedding, tokens = 256, width = 4 }, { type = linear, out = 256 }] }
            data { {{data}} }
            loss = cross-entropy
            optimizer { type = sgd, learning-rate = 0.1 }
            epochs = 1
            batch = 4
            """, new JobOverrides());
        return new DataCheck(
            job.Data, ours.Path, fetches, peer, new DataCheckEvents(phases.Add, (_, _) => { }, (files, bytes, _) => received.Add((files, bytes))))
            .Run(CancellationToken.None);
    }

    private static byte[] Fill(TemporaryFolder folder, string name, int bytes, int seed = 1)
    {
        var content = new byte[bytes];
        new Random(seed).NextBytes(content);
        File.WriteAllBytes(folder[name], content);
        return content;
    }

    private static DataManifest ManifestOf(string folder) =>
        new(new FileHashes(null, (_, _) => { }).Of(folder, [Path.Combine(folder, "a.txt")], CancellationToken.None));

    /// <summary>Nobody has anything.</summary>
    private sealed class NoPeer : IDataPeer
    {
        public DataMessages.Reference Compare(DataMessages.Summary? has, string? problem) => new(Id, null, "");

        public IReadOnlyList<DataFileEntry> ListFiles(string digest, int from) => throw new InvalidOperationException("nobody was to be asked");

        public byte[] ReadChunk(string digest, int file, long offset) => throw new InvalidOperationException("nobody was to be asked");
    }

    /// <summary>Another node, whose folder is read as real ones are.</summary>
    private sealed class Peer(string folder) : IDataPeer, IDisposable
    {
        private readonly DataSource source = new(Id, ManifestOf(folder), folder);

        public DataManifest Manifest { get; } = ManifestOf(folder);

        public List<long> Asked { get; } = [];

        public long DiesAt { get; init; } = long.MaxValue;

        public bool Damages { get; init; }

        /// <summary>What it says it has, instead of what is there.</summary>
        public DataFileEntry? Claims { get; init; }

        public DataMessages.Reference Compare(DataMessages.Summary? has, string? problem) =>
            new(Id, Claims is null ? DataCheck.Summary(Manifest) : new DataMessages.Summary(Digest, 1, Claims.Bytes), "head");

        public IReadOnlyList<DataFileEntry> ListFiles(string digest, int from) => Claims is { } claimed ? [claimed]
            : [.. ((DataMessages.Files)Answer(new DataMessages.ListFiles(Id, digest, from))).Entries.Select(file => new DataFileEntry(file.Name, file.Bytes, file.Sha256))];

        public byte[] ReadChunk(string digest, int file, long offset)
        {
            if (offset >= DiesAt)
                throw new TimeoutException("it has ended");
            Asked.Add(offset);
            var bytes = ((DataMessages.Chunk)Answer(new DataMessages.ReadChunk(Id, digest, file, offset))).Bytes;
            if (Damages)
                bytes[0] ^= 1;
            return bytes;
        }

        public object Answer(object question)
        {
            using var answers = new BlockingCollection<object>();
            source.Ask(question, answers.Add);
            return answers.TryTake(out var answer, TimeSpan.FromMinutes(1)) ? answer : throw new TimeoutException("the source gave no answer");
        }

        public void Dispose() => source.Dispose();

        private string Digest => DataManifestDigest(Claims!);

        // Names that are refused have no manifest.
        private static string DataManifestDigest(DataFileEntry entry) => entry.Name == "a.txt" ? new DataManifest([entry]).Digest : "none";
    }
}
