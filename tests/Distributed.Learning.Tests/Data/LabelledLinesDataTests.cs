namespace Distributed.Learning.Tests;

public sealed class LabelledLinesDataTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Words_are_numbered_by_how_often_the_training_sentences_hold_them()
    {
        folder.Write("lines.txt", "pos unseen words\nneg bad bad Film\npos good film\n");
        var (training, test) = Open(("file", "lines.txt"), ("length", 4), ("vocabulary", 100), ("test-every", 3));
        using (training)
        using (test)
        using (Batch known = training.Gather([0, 1]), unseen = test.Gather([0]))
        {
            // 0 pads, 1 is unknown; bad and film came twice each, then good.
            Assert.Equal([2L, 2, 3, 0, 4, 3, 0, 0], known.Inputs.data<long>().ToArray());
            Assert.Equal([0L, 1], known.Targets.data<long>().ToArray());
            Assert.Equal([1L, 1, 0, 0], unseen.Inputs.data<long>().ToArray());
            Assert.Equal(["neg", "pos"], training.Notes.ClassNames);
            Assert.Equal([1L, 1], training.ClassCounts);
            Assert.Equal((2, 100), (training.Classes, training.Tokens));
        }
    }

    [Fact]
    public void The_vocabulary_is_limited_and_rare_words_are_unknown()
    {
        folder.Write("lines.txt", "a x\na one one two two two three\n");
        var (training, test) = Open(("file", "lines.txt"), ("length", 3), ("vocabulary", 4), ("test-every", 2));
        using (training)
        using (test)
        using (var batch = training.Gather([0])) Assert.Equal([3L, 3, 2], batch.Inputs.data<long>().ToArray());

        var (frequent, other) = Open(("file", "lines.txt"), ("length", 6), ("min-count", 3), ("test-every", 2));
        using (frequent)
        using (other)
        using (var batch = frequent.Gather([0])) Assert.Equal([1L, 1, 2, 2, 2, 1], batch.Inputs.data<long>().ToArray());
    }

    [Fact]
    public void Bad_lines_are_named_or_skipped_and_counted()
    {
        folder.Write("lines.txt", "a one\n\na two\nb\nb three\na four\n");

        Assert.Contains("lines.txt:2: expected a label, a space and a sentence, got ''", Refused(("file", "lines.txt")));
        var (training, test) = Open(("file", "lines.txt"), ("on-bad-row", "skip"), ("test-every", 2));
        using (training)
        using (test) Assert.Equal((2, 2, 2), (training.Count, test.Count, training.Notes.SkippedRows));
        Assert.EndsWith("lines.txt:2: expected a label, a space and a sentence, got ''", training.Notes.FirstSkippedRow);
    }

    [Fact]
    public void A_label_that_only_the_test_file_has_is_named()
    {
        folder.Write("train.txt", "a one\nb two\n");
        folder.Write("test.txt", "a one\nc two\n");

        Assert.Contains(
            "test.txt:2: expected a class of the training set (a, b), got 'c'", Refused(("file", "train.txt"), ("test-file", "test.txt")));
    }

    [SampleDataFact("sentences")]
    public void Movie_reviews_are_read()
    {
        var spec = DataSpec.Read(Examples.Section(
            ("format", "labelled-lines"), ("file", "sentences/mr.txt"), ("length", 59), ("test-every", 10)));
        spec.CheckFiles(SampleData.Folder!);
        var (training, test) = spec.Open(SampleData.Folder!, 1);
        using (training)
        using (test)
        {
            Assert.Equal((10662, 1067), (training.Count + test.Count, test.Count));
            Assert.Equal([4797L, 4798], training.ClassCounts);
            Assert.InRange(training.Notes.Vocabulary!.Count, 17_000, 20_000);
        }
    }

    private (IDataSet Training, IDataSet Test) Open(params (string, object)[] keys) =>
        DataSpec.Read(Examples.Section([("format", "labelled-lines"), .. keys])).Open(folder.Path, 1);

    private string Refused(params (string, object)[] keys) => Assert.Throws<BadInputException>(() => Open(keys)).Message;
}
