using StbImageWriteSharp;

namespace Distributed.Learning.Tests;

/// <summary>Every format whose decoding is kept comes out of the cache as it comes out of its files.</summary>
public sealed class CachedFormatsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly TemporaryFolder caches = new();
    private readonly List<string> told = [];

    public void Dispose()
    {
        folder.Dispose();
        caches.Dispose();
    }

    [Fact]
    public void Images_of_the_mnist_family()
    {
        IdxBytes.WriteSet(folder, "mnist");
        Same(("format", "idx"), ("folders", new object[] { "mnist" }), ("classes", 3), ("mean", 0.13), ("std", 0.31));
    }

    [Fact]
    public void Cifar_10()
    {
        for (var number = 1; number <= 6; number++)
            folder.Write(
                number == 6 ? "cifar10/test_batch.bin" : $"cifar10/data_batch_{number}.bin",
                [(byte)number, .. Enumerable.Range(0, 3072).Select(i => (byte)(i * number))]);
        Same(("format", "cifar10"), ("mean", new object[] { 0.1, 0.2, 0.3 }), ("std", new object[] { 0.5, 0.25, 0.125 }));
    }

    [Fact]
    public void Folders_of_images()
    {
        foreach (var name in (string[])["cat/a.png", "cat/b.png", "dog/c.png", "dog/d.png"])
        {
            using var memory = new MemoryStream();
            new ImageWriter().WritePng([.. name.SelectMany(c => new[] { (byte)c, (byte)1, (byte)2 })], name.Length, 1, ColorComponents.RedGreenBlue, memory);
            folder.Write("pets/" + name, memory.ToArray());
        }
        Same(("format", "images"), ("folder", "pets"), ("size", new object[] { 3, 4 }), ("test-every", 2));
    }

    [Fact]
    public void Tables_with_numbers_categories_and_a_scaled_target()
    {
        folder.Write("t.csv", "a,b,y\n1,red,10\n2,green,20.25\n,red,0.1\n4,blue,7\nx,red,1\n5,green,3\n");
        Same(("format", "csv"), ("file", "t.csv"), ("target", "y"), ("task", "regression"), ("test-every", 3), ("on-bad-row", "skip"));
        Same(("format", "csv"), ("file", "t.csv"), ("target", "b"), ("task", "classification"), ("test-every", 3), ("on-bad-row", "skip"));
    }

    [Fact]
    public void Labelled_lines_with_their_vocabulary()
    {
        folder.Write("s.txt", "0 a good film\n1 a bad “film” 𝔘\n0 good good\n1 bad\n");
        folder.Write("t.txt", "1 a film\n");
        Same(("format", "labelled-lines"), ("file", "s.txt"), ("length", 3), ("vocabulary", 10), ("test-every", 2));
        Same(("format", "labelled-lines"), ("file", "s.txt"), ("length", 3), ("vocabulary", 10), ("test-file", "t.txt"));
    }

    [Theory]
    [InlineData("characters")]
    [InlineData("bytes")]
    public void Texts(string unit)
    {
        folder.Write("t.txt", string.Concat(Enumerable.Repeat("to be, or not tö be 𝔘\r\n", 20)));
        Same(("format", "text"), ("file", "t.txt"), ("time", 8), ("test-last", 0.3), ("unit", unit));
    }

    [Fact]
    public void A_text_of_many_characters_takes_four_bytes_each()
    {
        folder.Write("t.txt", string.Concat(Enumerable.Range(0x4e00, 400).Select(i => (char)i)));
        Same(("format", "text"), ("file", "t.txt"), ("time", 8), ("test-last", 0.3));
    }

    [SampleDataFact("mnist8k")]
    public void Real_images_and_real_sentences()
    {
        Same(SampleData.Folder!, ("format", "idx"), ("folders", new object[] { "mnist8k" }), ("classes", 10));
        Same(SampleData.Folder!, ("format", "labelled-lines"), ("file", "sentences/mr.txt"), ("length", 56), ("test-every", 10));
    }

    private void Same(params (string, object)[] keys) => Same(folder.Path, keys);

    private void Same(string data, params (string, object)[] keys)
    {
        var spec = DataSpec.Read(Examples.Section(keys));
        var before = Directory.GetFiles(caches.Path, "*.data").Length;
        var plain = Look(spec, data, null);
        Assert.Equal(plain, Look(spec, data, Cache()));
        Assert.Equal(before + 1, Directory.GetFiles(caches.Path, "*.data").Length);
        // From the file alone, and with what an augmented or shifted sample is drawn from.
        Assert.Equal(plain, Look(spec, data, Cache()));
        Assert.Empty(told);
    }

    private DataCache Cache() => new(new CacheFolder(caches.Path), told.Add, leastBytes: 0);

    private static string Look(DataSpec spec, string data, DataCache? cache)
    {
        var (training, test) = spec.Open(data, 1, cache);
        using (training)
        using (test) return Look(training) + Look(test);
    }

    private static string Look(IDataSet set)
    {
        int[] all = [.. Enumerable.Range(0, set.Count)];
        using Batch gathered = set.Gather(all), drawn = set.Draw(all, 17);
        var notes = set.Notes;
        string words = notes.Vocabulary is { } known
            ? $"{known.Separator}|{string.Join('|', Enumerable.Range(0, known.Count).Select(i => known[i]))}" : "none";
        return string.Join(
            '\n', set.Count, ModelSpec.Shape(set.InputShape), ModelSpec.Shape(set.TargetShape), set.Classes, set.Tokens, string.Join(',', set.ClassCounts),
            set.TargetScale, string.Join(',', notes.ClassNames), words, notes.SkippedRows, notes.FirstSkippedRow, string.Join('\n', notes.Findings),
            Bits(gathered.Inputs), Bits(gathered.Targets), Bits(drawn.Inputs), Bits(drawn.Targets));
    }

    private static string Bits(TorchSharp.torch.Tensor tensor) =>
        $"{tensor.dtype} {ModelSpec.Shape(tensor.shape)} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(tensor.bytes))}";
}
