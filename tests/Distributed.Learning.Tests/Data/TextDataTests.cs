namespace Distributed.Learning.Tests;

public sealed class TextDataTests : IDisposable
{
    private const string Alphabet = "abcdefghij";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Targets_are_the_inputs_one_character_later()
    {
        folder.Write("text.txt", string.Concat(Enumerable.Repeat(Alphabet, 5)));
        var (training, test) = Open(("file", "text.txt"), ("time", 4), ("test-last", 0.2));
        using (training)
        using (test)
        using (var batch = training.Gather([0, 3]))
        {
            // 40 characters: windows begin at 0, 4, …, 32, each with a character after it.
            Assert.Equal((9, 2, 10, 10), (training.Count, test.Count, training.Classes, training.Tokens));
            Assert.Equal([0L, 1, 2, 3, 2, 3, 4, 5], batch.Inputs.data<long>().ToArray());
            Assert.Equal([1L, 2, 3, 4, 3, 4, 5, 6], batch.Targets.data<long>().ToArray());
            Assert.Equal("cdef", training.Notes.Vocabulary!.Decode([2, 3, 4, 5]));
            Assert.Equal(Enumerable.Repeat(4L, 10), training.ClassCounts);
            Assert.Equal([4L], training.TargetShape);
        }
    }

    [Fact]
    public void Training_windows_are_shifted_by_the_seed_and_stay_in_the_text()
    {
        folder.Write("text.txt", string.Concat(Enumerable.Repeat(Alphabet, 30)));
        var (training, test) = Open(("file", "text.txt"), ("time", 8), ("test-last", 0.5));
        using (training)
        using (test)
        {
            int[] all = [.. Enumerable.Range(0, training.Count)];
            using Batch first = training.Draw(all, 7), again = training.Draw(all, 7), other = training.Draw(all, 8), plain = training.Gather(all);

            Assert.Equal(first.Inputs.data<long>().ToArray(), again.Inputs.data<long>().ToArray());
            Assert.NotEqual(first.Inputs.data<long>().ToArray(), other.Inputs.data<long>().ToArray());
            Assert.NotEqual(first.Inputs.data<long>().ToArray(), plain.Inputs.data<long>().ToArray());
            // The alphabet in turns: each target is the number after its input's.
            Assert.All(
                first.Inputs.data<long>().ToArray().Zip(first.Targets.data<long>().ToArray()),
                pair => Assert.Equal((pair.First + 1) % 10, pair.Second));
        }
    }

    [Fact]
    public void Consecutive_windows_stay_where_they_are()
    {
        folder.Write("text.txt", string.Concat(Enumerable.Repeat(Alphabet, 10)));
        var (training, test) = Open(("file", "text.txt"), ("time", 8), ("windows", "consecutive"));
        using (training)
        using (test)
        using (Batch drawn = training.Draw([1, 2], 7), plain = training.Gather([1, 2]))
            Assert.Equal(plain.Inputs.data<long>().ToArray(), drawn.Inputs.data<long>().ToArray());
    }

    [Fact]
    public void Characters_beyond_a_byte_are_characters_and_bytes_are_bytes()
    {
        folder.Write("text.txt", string.Concat(Enumerable.Repeat("né😀 ", 20)));
        var (training, test) = Open(("file", "text.txt"), ("time", 3));
        var (bytes, bytesTest) = Open(("file", "text.txt"), ("time", 3), ("unit", "bytes"));
        using (training)
        using (test)
        using (bytes)
        using (bytesTest)
        {
            Assert.Equal([" ", "n", "é", "😀"], training.Notes.ClassNames);
            Assert.Equal(256, bytes.Classes);
            Assert.InRange(bytes.Count, 2 * training.Count - 1, 3 * training.Count);
        }
    }

    [Fact]
    public void Bad_texts_are_refused_with_their_place()
    {
        folder.Write("latin.txt", [0x61, 0x0a, 0xe9, 0x61]);
        folder.Write("short.txt", "abc");

        Assert.Contains("latin.txt:2: expected UTF-8, got the byte 0xe9", Refused(("file", "latin.txt")));
        Assert.Contains("expected more than 64 tokens", Refused(("file", "short.txt")));
        Assert.Contains("absent.txt: no such file; place it there", Refused(("file", "absent.txt")));
        Assert.Contains("below the data folder", Refused(("file", "/etc/passwd")));
    }

    [Fact]
    public void A_model_of_another_shape_is_refused_with_the_right_one()
    {
        folder.Write("text.txt", string.Concat(Enumerable.Repeat(Alphabet, 10)));
        var section = Examples.Section(("format", "text"), ("file", "text.txt"), ("time", 8));

        Assert.Equal(
            "job.hocon: model.input: expected [8], the shape of a sample of this data, got [16]",
            Assert.Throws<BadInputException>(() => DataSpec.Read(section, [16]).CheckFiles(folder.Path)).Message);
        Assert.Contains(
            "expected 10 scores to come out",
            Assert.Throws<BadInputException>(() => DataSpec.Read(section, [8], [8, 5]).CheckFiles(folder.Path)).Message);
    }

    [SampleDataFact("tinyshakespeare")]
    public void Tiny_shakespeare_has_65_characters()
    {
        var spec = DataSpec.Read(Examples.Section(("format", "text"), ("file", "tinyshakespeare/input.txt"), ("time", 64)));
        var (training, test) = spec.Open(SampleData.Folder!, 1);
        using (training)
        using (test)
        {
            Assert.Equal((65, 15685, 1742), (training.Classes, training.Count, test.Count));
            using var batch = training.Gather([0]);
            Assert.StartsWith("First Citizen:\nBefore", training.Notes.Vocabulary!.Decode(batch.Inputs.data<long>().ToArray()));
        }
    }

    private (IDataSet Training, IDataSet Test) Open(params (string, object)[] keys) =>
        DataSpec.Read(Examples.Section([("format", "text"), .. keys])).Open(folder.Path, 1);

    private string Refused(params (string, object)[] keys) => Assert.Throws<BadInputException>(() => Open(keys)).Message;
}
