using static TorchSharp.torch;

namespace Distributed.Learning.Tests;

public sealed class DataSpecTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_first_folder_that_exists_is_read()
    {
        IdxBytes.WriteSet(folder, "small");
        var (training, test) = Idx("absent", "small").Open(folder.Path, 1);
        using (training)
        using (test)
        {
            Assert.Equal((6, 3, 3), (training.Count, test.Count, training.Classes));
            Assert.Equal([1L, 2, 3], training.InputShape);
        }
    }

    [Fact]
    public void The_data_folder_itself_may_hold_the_files()
    {
        IdxBytes.WriteSet(folder, "small");
        var (training, test) = Idx("absent").Open(Path.Combine(folder.Path, "small"), 1);
        using (training)
        using (test) Assert.Equal(6, training.Count);
    }

    [Fact]
    public void Pixels_are_scaled_and_normalised()
    {
        IdxBytes.WriteSet(folder, "small");
        var spec = DataSpec.Read(Examples.Section(
            ("format", "idx"), ("folders", new object[] { "small" }), ("classes", 3), ("mean", 0.5), ("std", 0.25)));
        var (training, test) = spec.Open(folder.Path, 1);
        using (training)
        using (test)
        using (var batch = training.Gather([1]))
        {
            var expected = Enumerable.Range(6, 6).Select(b => (b / 255f - 0.5f) / 0.25f).ToArray();
            Assert.Equal([1L, 1, 2, 3], batch.Inputs.shape);
            Assert.All(batch.Inputs.data<float>().ToArray().Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-5f));
            Assert.Equal(1L, batch.Targets[0].item<long>());
        }
    }

    [Fact]
    public void No_folder_is_an_error_that_says_where_to_place_it() =>
        Refused(Idx("mnist", "mnist8k"), $"{folder.Path}: expected a folder mnist or mnist8k with train-images-idx3-ubyte[.gz]", "--data");

    [Fact]
    public void A_missing_companion_is_named()
    {
        IdxBytes.WriteSet(folder, "small");
        File.Delete(Path.Combine(folder.Path, "small", "t10k-labels-idx1-ubyte"));

        Refused(Idx("small"), "t10k-labels-idx1-ubyte[.gz]: missing");
    }

    [Fact]
    public void A_wrong_header_is_found_without_reading_the_file()
    {
        IdxBytes.WriteSet(folder, "small");
        folder.Write("small/train-images-idx3-ubyte", IdxBytes.Of([1], 1));

        Refused(Idx("small"), "train-images-idx3-ubyte: expected an IDX file of bytes with 3 dimensions");
    }

    [Fact]
    public void Another_number_of_labels_than_of_images_is_named()
    {
        IdxBytes.WriteSet(folder, "small");
        folder.Write("small/train-labels-idx1-ubyte", IdxBytes.Of([0, 1], 2));

        NotOpened(Idx("small"), "train-labels-idx1-ubyte: expected 6 labels", "got 2");
    }

    [Fact]
    public void A_label_out_of_range_is_named()
    {
        IdxBytes.WriteSet(folder, "small");
        folder.Write("small/t10k-labels-idx1-ubyte", IdxBytes.Of([0, 3, 1], 3));

        NotOpened(Idx("small"), "t10k-labels-idx1-ubyte: expected labels from 0 to 2, got 3 at sample 1");
    }

    [Fact]
    public void A_test_set_of_another_size_is_named()
    {
        IdxBytes.WriteSet(folder, "small");
        folder.Write("small/t10k-images-idx3-ubyte", IdxBytes.Of(new byte[12], 3, 2, 2));

        NotOpened(Idx("small"), "t10k-images-idx3-ubyte: expected images of the training set's size, 2 x 3 pixels, got 2 x 2");
    }

    [Theory]
    [InlineData("/etc")]
    [InlineData("../elsewhere")]
    public void A_folder_outside_the_data_folder_is_refused(string name)
    {
        var error = Assert.Throws<BadInputException>(() => Idx(name));

        Assert.Equal($"job.hocon: folders: expected folders below the data folder, got '{name}'", error.Message);
    }

    [Fact]
    public void An_unknown_format_and_an_unknown_key_are_refused()
    {
        var format = Assert.Throws<BadInputException>(() => DataSpec.Read(Examples.Section(("format", "digit"))));
        var key = Assert.Throws<BadInputException>(() => DataSpec.Read(Examples.Section(("format", "digits"), ("trian", 5))));

        Assert.Contains("digits, idx, cifar10, images, csv, labelled-lines, text, series, random", format.Message);
        Assert.Contains("did you mean 'train'", key.Message);
    }

    [Fact]
    public void Random_data_takes_the_shape_of_the_model_and_follows_the_seed()
    {
        var spec = DataSpec.Read(Examples.Section(("format", "random"), ("classes", 4), ("train", 50), ("test", 20)), [3, 5]);

        float[] first = FirstSample(spec, 1), again = FirstSample(spec, 1), other = FirstSample(spec, 2);

        Assert.Equal([3L, 5], spec.InputShape);
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
        var (training, test) = spec.Open(".", 1);
        using (training)
        using (test)
        {
            Assert.Equal((50, 20, 4), (training.Count, test.Count, training.Classes));
            using var batch = test.Gather([.. Enumerable.Range(0, 20)]);
            Assert.InRange(batch.Targets.max().item<long>(), 1, 3);
        }
    }

    [Fact]
    public void Random_data_can_be_sequences_of_tokens_with_a_class_at_each_place()
    {
        var (training, test) = DataSpec.Read(Examples.Section(
            ("format", "random"), ("shape", new object[] { 7 }), ("tokens", 65), ("classes", 65), ("targets", "each-place"), ("train", 300))).Open(".", 1);
        using (training)
        using (test)
        using (var batch = training.Gather([.. Enumerable.Range(0, 300)]))
        {
            Assert.Equal((ScalarType.Int64, ScalarType.Int64), (batch.Inputs.dtype, batch.Targets.dtype));
            Assert.Equal([300L, 7], batch.Inputs.shape);
            Assert.Equal([300L, 7], batch.Targets.shape);
            Assert.Equal((0L, 64L), (batch.Inputs.min().item<long>(), batch.Inputs.max().item<long>()));
            Assert.Equal((65, 65, 2100L), (training.Tokens, training.Classes, training.ClassCounts.Sum()));
        }
    }

    [Fact]
    public void Random_data_can_have_values_to_predict()
    {
        var section = Examples.Section(("format", "random"), ("targets", "values"), ("outputs", 3));
        var (training, test) = DataSpec.Read(section, [4], [3]).Open(".", 1);
        using (training)
        using (test)
        using (var batch = training.Gather([0, 1]))
        {
            Assert.Equal([2L, 3], batch.Targets.shape);
            Assert.Equal((0, ScalarType.Float32), (training.Classes, batch.Targets.dtype));
            Assert.Empty(training.ClassCounts);
        }
        Assert.Contains(
            "model.layers: expected [3] to come out, as the data's targets are, got [2]",
            Assert.Throws<BadInputException>(() => DataSpec.Read(section, [4], [2]).Open(".", 1)).Message);
    }

    [Fact]
    public void A_shape_that_is_known_without_files_is_compared_with_the_model_at_once() =>
        Assert.Contains(
            "model.input: expected [1, 28, 28], the shape of a sample of this data, got [1, 32, 32]",
            Assert.Throws<BadInputException>(() => DataSpec.Read(Examples.Section(("format", "digits")), [1, 32, 32])).Message);

    [Theory]
    [InlineData(65, null)]
    [InlineData(70, null)]
    [InlineData(null, null)]
    [InlineData(64, "model.layers[0].tokens: expected at least 65, as many different tokens as this data has, got 64")]
    [InlineData(0, "model.layers[0]: expected an embedding of 65 tokens, which the samples of this data are")]
    public void An_embedding_must_know_the_tokens_of_the_data(int? tokens, string? expected) => Misfit(
        expected, Examples.Section(("format", "random"), ("tokens", 65), ("shape", new object[] { 7 }), ("classes", 3)), [7], [3], tokens, "cross-entropy");

    [Fact]
    public void An_embedding_for_numbers_is_refused() => Misfit(
        "model.layers[0] (embedding): expected data of tokens (text, labelled-lines), got samples of numbers",
        Examples.Section(("format", "digits")), [1, 28, 28], [10], 65, "cross-entropy");

    [Theory]
    [InlineData("class", "cross-entropy", new long[] { 3 }, null)]
    [InlineData("class", "cross-entropy", new long[] { 4 }, null)]
    [InlineData("class", "cross-entropy", new long[] { 2 }, "model.layers: expected 3 scores to come out, one for each class of the data, got [2]")]
    [InlineData("class", "cross-entropy", new long[] { 5, 3 }, "model.layers: expected [3] to come out, a score for each class, got [5, 3]")]
    [InlineData("each-place", "cross-entropy", new long[] { 5, 3 }, null)]
    [InlineData("each-place", "cross-entropy", new long[] { 3 }, "model.layers: expected [5, 3] to come out, a score for each class at each place, got [3]")]
    [InlineData("class", "mean-squared-error", new long[] { 3 }, null)]
    [InlineData("values", "huber", new long[] { 3 }, null)]
    [InlineData("values", "huber", new long[] { 2 }, "model.layers: expected [3] to come out, as the data's targets are, got [2]")]
    [InlineData("values", "cross-entropy", new long[] { 3 }, "loss: expected mean-squared-error, mean-absolute-error or huber, since this data's targets are values, got cross-entropy")]
    public void What_comes_out_must_fit_targets_and_loss(string targets, string loss, long[] output, string? expected) => Misfit(
        expected,
        targets == "values"
            ? Examples.Section(("format", "random"), ("shape", new object[] { 5 }), ("targets", targets), ("outputs", 3))
            : Examples.Section(("format", "random"), ("shape", new object[] { 5 }), ("targets", targets), ("classes", 3)),
        [5], output, 0, loss);

    [Theory]
    [InlineData(2, null)]
    [InlineData(3, "model.layers: expected 3 scores to come out, one for each class of the data, got [1]")]
    public void A_yes_or_no_question_needs_one_score(int classes, string? expected) => Misfit(
        expected, Examples.Section(("format", "random"), ("shape", new object[] { 5 }), ("classes", classes)), [5], [1], 0, "binary-cross-entropy");

    private static void Misfit(string? expected, SettingsSection section, long[] input, long[] output, int? tokens, string loss)
    {
        var error = Record.Exception(() =>
        {
            var (training, test) = DataSpec.Read(section, input, output, tokens, new LossSpec(loss)).Open(".", 1);
            training.Dispose();
            test.Dispose();
        });
        if (expected is null) Assert.Null(error);
        else Assert.Equal($"job.hocon: {expected}", Assert.IsType<BadInputException>(error).Message);
    }

    [Fact]
    public void Means_for_more_channels_than_there_are_are_refused() =>
        Assert.Contains(
            "mean: expected one number, got 3",
            Assert.Throws<BadInputException>(() => DataSpec.Read(Examples.Section(
                ("format", "idx"), ("folders", new object[] { "mnist" }), ("mean", new object[] { 0.1, 0.2, 0.3 })))).Message);

    [Fact]
    public void Random_data_without_a_shape_is_refused() =>
        Assert.Contains(
            "shape: missing", Assert.Throws<BadInputException>(() => DataSpec.Read(Examples.Section(("format", "random")))).Message);

    [Fact]
    public void A_sample_that_does_not_exist_is_refused_and_no_sample_is_a_batch()
    {
        var (training, test) = DataSpec.Read(Examples.Section(("format", "digits"), ("train", 10), ("test", 10))).Open(".", 1);
        using (training)
        using (test)
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => training.Gather([10]));
            Assert.Throws<ArgumentOutOfRangeException>(() => training.Gather([-1]));
            using var empty = training.Gather([]);
            Assert.Equal([0L, 1, 28, 28], empty.Inputs.shape);
        }
    }

    [Fact]
    public void A_batch_outlives_the_scope_it_was_gathered_in_and_leaves_no_tensor_behind()
    {
        var (training, test) = DataSpec.Read(Examples.Section(("format", "digits"), ("train", 10), ("test", 10))).Open(".", 1);
        using (training)
        using (test)
        {
            var before = Examples.LiveTensors();
            Batch batch;
            using (NewDisposeScope()) batch = training.Gather([3, 4]);
            Assert.Equal(3L, batch.Targets[0].item<long>());
            batch.Dispose();
            Assert.InRange(Examples.LiveTensors(), 0, before + 1);
        }
    }

    [SampleDataFact("mnist8k")]
    public void Real_digits_are_read_from_compressed_files()
    {
        var spec = DataSpec.Read(Examples.Section(("format", "idx"), ("folders", new object[] { "mnist8k" })));
        spec.CheckFiles(SampleData.Folder!);
        var (training, test) = spec.Open(SampleData.Folder!, 1);
        using (training)
        using (test)
        using (var batch = training.Gather([.. Enumerable.Range(0, training.Count)]))
        {
            Assert.Equal((8000, 2000), (training.Count, test.Count));
            Assert.Equal([1L, 28, 28], training.InputShape);
            Assert.InRange(batch.Inputs.mean().item<float>(), 0.12f, 0.14f);
            Assert.InRange(batch.Inputs.std().item<float>(), 0.29f, 0.33f);
        }
    }

    private static DataSpec Idx(params object[] folders) =>
        DataSpec.Read(Examples.Section(("format", "idx"), ("folders", folders), ("classes", 3)));

    private static float[] FirstSample(DataSpec spec, long seed)
    {
        var (training, test) = spec.Open(".", seed);
        using (training)
        using (test)
        using (var batch = training.Gather([0])) return batch.Inputs.data<float>().ToArray();
    }

    private void Refused(DataSpec spec, params string[] expected) =>
        Contains(expected, Assert.Throws<BadInputException>(() => spec.CheckFiles(folder.Path)).Message);

    private void NotOpened(DataSpec spec, params string[] expected)
    {
        spec.CheckFiles(folder.Path);
        Contains(expected, Assert.Throws<BadInputException>(() => spec.Open(folder.Path, 1)).Message);
    }

    private static void Contains(string[] expected, string message) => Assert.All(expected, part => Assert.Contains(part, message));
}
