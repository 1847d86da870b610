using System.Security.Cryptography;

namespace Distributed.Learning.Tests;

/// <summary>Hashes of data files, and that a second start need not read them.</summary>
public sealed class FileHashesTests : IDisposable
{
    private const int Bytes = 3 << 20;
    private static readonly DateTime LongAgo = new(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc);
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("hashes-");
    private readonly List<long> read = [];

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void Names_lengths_and_hashes_are_those_of_the_files()
    {
        var path = Write("a/b.bin", seed: 1);
        var entry = Assert.Single(Hash(path));
        Assert.Equal(new DataFileEntry("a/b.bin", Bytes, Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)))), entry);
        Assert.Equal([1 << 20, 2 << 20, 3 << 20, 3 << 20], read);
    }

    [Fact]
    public void A_file_that_has_not_changed_is_not_read_again_and_one_that_has_is()
    {
        var path = Write("b.bin", seed: 1);
        var first = Assert.Single(Hash(path));
        // Were it read, its hash would be another.
        Fill(path, seed: 2);
        File.SetLastWriteTimeUtc(path, LongAgo);
        Assert.Equal(first, Assert.Single(Hash(path)));
        File.SetLastWriteTimeUtc(path, LongAgo.AddSeconds(1));
        Assert.NotEqual(first.Sha256, Assert.Single(Hash(path)).Sha256);
    }

    [Fact]
    public void A_file_that_was_written_just_now_is_read_again()
    {
        var path = Write("b.bin", seed: 1);
        var now = DateTime.UtcNow.AddMinutes(1);
        File.SetLastWriteTimeUtc(path, now);
        var first = Assert.Single(Hash(path));
        Fill(path, seed: 2);
        File.SetLastWriteTimeUtc(path, now);
        Assert.NotEqual(first.Sha256, Assert.Single(Hash(path)).Sha256);
    }

    [Fact]
    public void What_is_remembered_may_be_damaged_or_impossible_to_keep()
    {
        var path = Write("b.bin", seed: 1);
        var first = Hash(path);
        File.WriteAllText(Assert.Single(Directory.GetFiles(Path.Combine(folder.FullName, "cache", "hashes"))), "nonsense\n\t\t\n");
        Assert.Equal(first, Hash(path));
        Assert.Equal(first, new FileHashes(Path.Combine(path, "below-a-file"), (_, _) => { }).Of(Data, [path], CancellationToken.None));
    }

    [Fact]
    public void It_can_be_ended()
    {
        var path = Write("b.bin", seed: 1);
        using var ended = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => new FileHashes(null, (_, _) => ended.Cancel()).Of(Data, [path], ended.Token));
    }

    [Fact]
    public void Formats_name_the_files_that_they_read()
    {
        Assert.Empty(Spec(("format", "digits")).Files(Data));
        Assert.Empty(Spec(("format", "series"), ("generate", "sine"), ("time", 4)).Files(Data));
        var path = Write("a.csv", seed: 1);
        Assert.Equal([path], Spec(("format", "series"), ("file", "a.csv"), ("column", "x"), ("time", 4)).Files(Data));
        Assert.Equal([path], Spec(("format", "text"), ("file", "a.csv"), ("time", 4)).Files(Data));
        var missing = Spec(("format", "text"), ("file", "none.txt"), ("time", 4));
        Assert.Contains("none.txt: no such file", Assert.Throws<BadInputException>(() => missing.Files(Data)).Message);

        static DataSpec Spec(params (string, object)[] settings) => DataSpec.Read(Examples.Section(settings));
    }

    private string Data => folder.FullName;

    private IReadOnlyList<DataFileEntry> Hash(string path)
    {
        read.Clear();
        return new FileHashes(Path.Combine(folder.FullName, "cache"), (done, all) =>
        {
            Assert.Equal(Bytes, all);
            read.Add(done);
        }).Of(Data, [path], CancellationToken.None);
    }

    private string Write(string name, int seed)
    {
        var path = Path.Combine(folder.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Fill(path, seed);
        File.SetLastWriteTimeUtc(path, LongAgo);
        return path;
    }

    private static void Fill(string path, int seed)
    {
        var bytes = new byte[Bytes];
        new Random(seed).NextBytes(bytes);
        File.WriteAllBytes(path, bytes);
    }
}
