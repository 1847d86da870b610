using static TorchSharp.torch;

namespace Distributed.Learning.Tests;

public sealed class DataCacheTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly TemporaryFolder caches = new();
    private readonly List<string> told = [];
    private int decoded;

    public DataCacheTests() => folder.Write("file", "content");

    private string[] Kept => [.. Directory.GetFiles(caches.Path, "*.data").Order(StringComparer.Ordinal)];

    public void Dispose()
    {
        folder.Dispose();
        caches.Dispose();
    }

    [Fact]
    public void Data_is_decoded_once_and_mapped_afterwards()
    {
        for (var time = 0; time < 3; time++) Check(Open());
        Assert.Equal(1, decoded);
        Assert.Empty(told);
    }

    [Fact]
    public async Task Of_many_that_begin_at_once_one_decodes_and_all_have_the_data()
    {
        using var start = new Barrier(6);
        var threads = Enumerable.Range(0, 6).Select(_ => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait(TimeSpan.FromSeconds(30));
                return Open();
            }, TaskCreationOptions.LongRunning)).ToArray();
        foreach (var sets in await Task.WhenAll(threads)) Check(sets);
        Assert.Equal(1, decoded);
        Assert.Single(Kept);
        Assert.Empty(Directory.GetFiles(caches.Path, "*.part"));
    }

    [Fact]
    public void Whatever_byte_is_damaged_data_is_decoded_again_with_a_line()
    {
        Check(Open());
        var file = Assert.Single(Kept);
        var whole = File.ReadAllBytes(file);
        var random = new Random(3);
        var damages = 0;
        for (var at = 0; at < whole.Length; at += at < 64 ? 1 : random.Next(1, 193), damages++)
        {
            // Four bytes of the head say nothing.
            if (at is >= 28 and < 32) continue;
            byte[] damaged = [.. whole];
            damaged[at] ^= (byte)(1 << random.Next(8));
            Damage(damaged);
        }
        for (var length = 0; length < whole.Length; length += random.Next(1, 193)) Damage(whole[..length]);
        Damage([.. whole, 0]);
        Assert.True(damages > 50);

        void Damage(byte[] bytes)
        {
            File.WriteAllBytes(file, bytes);
            decoded = 0;
            told.Clear();
            Check(Open());
            Assert.Equal(1, decoded);
            Assert.Contains("decoded data is damaged: ", Assert.Single(told));
            Assert.Equal(whole, File.ReadAllBytes(file));
        }
    }

    [Fact]
    public void A_file_that_changes_behind_its_size_and_time_is_decoded_anew()
    {
        var file = Path.Combine(folder.Path, "file");
        Check(Open());
        var time = File.GetLastWriteTimeUtc(file);
        File.WriteAllText(file, "contend");
        File.SetLastWriteTimeUtc(file, time);
        Check(Open());
        Check(Open(settings: "others"));
        Assert.Equal((3, 3), (decoded, Kept.Length));
    }

    [Fact]
    public void Files_that_change_while_they_are_decoded_are_not_kept()
    {
        var sets = Cache().Open("", folder.Path, [Path.Combine(folder.Path, "file")], () =>
        {
            folder.Write("file", "changed");
            return Decode();
        });
        Check(sets);
        Check(Open());
        Assert.Equal(2, decoded);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_done_without_and_said_once()
    {
        // A file in its place: permissions do not stop every user.
        var place = folder.Write("no-folder", "");
        var cache = new DataCache(new CacheFolder(Path.Combine(place, "data")), told.Add, leastBytes: 0);
        Check(cache.Open("", folder.Path, [Path.Combine(folder.Path, "file")], Decode));
        Assert.Contains("decoded data can't be kept: ", Assert.Single(told));
    }

    [Fact]
    public void What_cannot_be_put_in_place_is_done_without_and_said_once()
    {
        Check(Open());
        var file = Assert.Single(Kept);
        File.Delete(file);
        Directory.CreateDirectory(file);
        Check(Open());
        Assert.Contains("decoded data can't be kept: ", Assert.Single(told));
        Assert.Empty(Directory.GetFiles(caches.Path, "*.part"));
    }

    [Fact]
    public void What_a_killed_process_began_to_write_goes_with_the_next_file()
    {
        Check(Open());
        var file = Assert.Single(Kept);
        File.Delete(file);
        var unfinished = Path.ChangeExtension(file, null) + "-0.part";
        File.WriteAllText(unfinished, "half");
        Check(Open());
        Assert.False(File.Exists(unfinished));
        Assert.Single(Kept);
    }

    [Fact]
    public void The_least_used_goes_when_room_is_needed_and_who_has_it_mapped_keeps_it()
    {
        var held = Open(settings: "first");
        var first = Assert.Single(Kept);
        Check(Open(settings: "second"));
        var second = Assert.Single(Kept, file => file != first);
        var bytes = new FileInfo(first).Length;
        File.SetLastWriteTimeUtc(first, DateTime.UtcNow.AddDays(-2));
        File.SetLastWriteTimeUtc(second, DateTime.UtcNow.AddDays(-1));
        Check(Open(settings: "third", mostBytes: 2 * bytes + 1));
        Assert.Equal((true, false, 2), (File.Exists(second), File.Exists(first), Kept.Length));
        // Disposing twice is no second user's leaving.
        held.Item1.Dispose();
        held.Item1.Dispose();
        using (held.Item2)
        using (var batch = held.Item2.Gather([2]))
            Assert.Equal([10f, 11, 12, 13, 14], batch.Inputs.data<float>().ToArray());
    }

    [Fact]
    public void What_is_too_small_or_too_large_to_keep_is_not_kept()
    {
        Check(Open(leastBytes: 1 << 20));
        Check(Open(mostBytes: 100));
        Assert.Equal((2, 0), (decoded, Kept.Length));
        Assert.Empty(told);
    }

    [Fact]
    public void Who_waits_too_long_for_another_decodes_too_and_names_it()
    {
        using var other = Lock();
        Check(Open(patience: TimeSpan.Zero));
        Assert.Equal((1, 0), (decoded, Kept.Length));
        Assert.Matches("lock-[0-9a-f]: the process whose number is in this file has been decoding for more than 0 s", Assert.Single(told));
    }

    [Fact]
    public async Task Who_waits_takes_what_the_other_made()
    {
        var other = Lock();
        var waiting = Task.Factory.StartNew(() => Open(), TaskCreationOptions.LongRunning);
        // The other process puts the file in place before it gives its lock back.
        var made = new TemporaryFolder();
        Check(new DataCache(new CacheFolder(made.Path), told.Add, leastBytes: 0).Open("", folder.Path, [Path.Combine(folder.Path, "file")], Decode));
        var file = Assert.Single(Directory.GetFiles(made.Path, "*.data"));
        File.Move(file, Path.Combine(caches.Path, Path.GetFileName(file)));
        other.Dispose();
        Check(await waiting.WaitAsync(TimeSpan.FromSeconds(30)));
        made.Dispose();
        Assert.Equal(1, decoded);
    }

    [Fact]
    public void Waiting_for_another_ends_when_the_job_does()
    {
        using var other = Lock();
        using var ended = new CancellationTokenSource();
        ended.Cancel();
        Assert.Throws<OperationCanceledException>(() => Open(cancellation: ended.Token));
        Assert.Equal(0, decoded);
    }

    [Fact]
    public void Only_what_takes_time_to_decode_is_kept_and_only_if_the_job_lets_it()
    {
        folder.Write("t.txt", new string('a', 50) + new string('b', 50));
        Assert.Empty(After(("format", "digits"), ("train", 20), ("test", 10)));
        Assert.Empty(After(("format", "random"), ("shape", new object[] { 3 }), ("train", 20), ("test", 10)));
        Assert.Empty(After(("format", "series"), ("generate", "sine"), ("time", 5)));
        Assert.Empty(After(("format", "text"), ("file", "t.txt"), ("time", 4), ("cache", "off")));
        Assert.Single(After(("format", "text"), ("file", "t.txt"), ("time", 4)));
        // The order of keys does not matter, nor how samples are changed later.
        Assert.Single(After(("time", 4), ("cache", "on"), ("file", "t.txt"), ("format", "text")));
        Assert.Equal(2, After(("format", "text"), ("file", "t.txt"), ("time", 5)).Length);

        string[] After(params (string, object)[] keys)
        {
            var (training, test) = DataSpec.Read(Examples.Section(keys)).Open(folder.Path, 1, Cache());
            training.Dispose();
            test.Dispose();
            return Kept;
        }
    }

    [Theory]
    [InlineData("/x", "/caches", "/home/me", "/x")]
    [InlineData("off", "/caches", "/home/me", null)]
    [InlineData(null, "/caches", "/home/me", "/caches/trainer/data")]
    [InlineData("", "relative", "/home/me", "/home/me/.cache/trainer/data")]
    [InlineData(null, null, null, null)]
    public void The_folder_follows_from_the_environment(string? own, string? caches, string? home, string? expected) =>
        Assert.Equal(expected, CacheFolder.OfUser(name => name switch { "TRAINER_CACHE" => own, "HOME" => home, _ => caches })?.Path);

    [Fact]
    public void All_of_it_can_be_removed()
    {
        Check(Open(settings: "one"));
        Check(Open(settings: "two"));
        Assert.Equal(2, Cache().Size().Files);
        Assert.Equal(2, Cache().Clear());
        Assert.Equal((0, 0L), Cache().Size());
    }

    // The lock of every key, held as another process would.
    private Locks Lock()
    {
        var locks = new Locks();
        foreach (var digit in "0123456789abcdef")
        {
            var path = Path.Combine(caches.Path, $"lock-{digit}");
            File.WriteAllText(path, "4711");
            locks.Files.Add(new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None));
        }
        return locks;
    }

    private DataCache Cache(
        long leastBytes = 0, long mostBytes = 1 << 20, TimeSpan? patience = null, CancellationToken cancellation = default) =>
        new(new CacheFolder(caches.Path), told.Add, cancellation, mostBytes, leastBytes, patience);

    private (IDataSet, IDataSet) Open(
        string settings = "", long leastBytes = 0, long mostBytes = 1 << 20, TimeSpan? patience = null, CancellationToken cancellation = default) =>
        Cache(leastBytes, mostBytes, patience, cancellation).Open(settings, folder.Path, [Path.Combine(folder.Path, "file")], Decode);

    private (IDataSet, IDataSet) Decode()
    {
        Interlocked.Increment(ref decoded);
        return (
            new TensorDataSet(arange(0, 77, dtype: ScalarType.Byte).view(11, 7), arange(0, 11, dtype: ScalarType.Int64), 11),
            new TensorDataSet(arange(0, 15, dtype: ScalarType.Float32).view(3, 5), arange(0, 3, dtype: ScalarType.Float32).view(3, 1), 0));
    }

    private static void Check((IDataSet Training, IDataSet Test) sets)
    {
        using (sets.Training)
        using (sets.Test)
        using (Batch training = sets.Training.Gather([10, 0]), test = sets.Test.Gather([2]))
        {
            Assert.Equal([10L, 0], training.Targets.data<long>().ToArray());
            Assert.Equal(76 / 255f, training.Inputs[0, 6].item<float>(), 1e-6f);
            Assert.Equal([10f, 11, 12, 13, 14], test.Inputs.data<float>().ToArray());
            Assert.Equal(2f, test.Targets.item<float>());
        }
    }

    private sealed class Locks : IDisposable
    {
        public List<FileStream> Files { get; } = [];

        public void Dispose() => Files.ForEach(file => file.Dispose());
    }
}
