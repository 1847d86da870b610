using static TorchSharp.torch;

namespace Distributed.Learning.Tests;

public sealed class LossTests
{
    [Fact]
    public void Cross_entropy_is_the_mean_of_the_negative_log_probability()
    {
        using var outputs = tensor(new float[] { 1, 2, 3, 0, 0, 0 }, [2, 3]);
        using var targets = tensor(new long[] { 2, 0 });

        using var mean = Create("cross-entropy").Mean(outputs, targets);

        // -log(e^3 / (e + e^2 + e^3)) and log 3.
        var first = -Math.Log(Math.Exp(3) / (Math.Exp(1) + Math.Exp(2) + Math.Exp(3)));
        Assert.Equal((first + Math.Log(3)) / 2, mean.item<float>(), 1e-6);
    }

    [Fact]
    public void Mean_squared_error_takes_numbers()
    {
        using var outputs = tensor(new float[] { 1, 2, 4 }, [3, 1]);
        using var targets = tensor(new float[] { 1, 0, 3 });

        using var mean = Create("mean-squared-error").Mean(outputs, targets);

        Assert.Equal(5.0 / 3, mean.item<float>(), 1e-6);
    }

    [Fact]
    public void Mean_squared_error_takes_classes_as_one_hot_vectors()
    {
        using var outputs = tensor(new float[] { 1, 0, 0, 0.5f }, [2, 2]);
        using var targets = tensor(new long[] { 0, 1 });

        using var mean = Create("mean-squared-error").Mean(outputs, targets);

        Assert.Equal(0.25 / 4, mean.item<float>(), 1e-7);
    }

    [Theory]
    [InlineData("cross-entropy")]
    [InlineData("mean-squared-error")]
    public void A_loss_has_a_gradient(string type)
    {
        using var outputs = zeros([4, 3], requires_grad: true);
        using var targets = tensor(new long[] { 0, 1, 2, 1 });

        using var mean = Create(type).Mean(outputs, targets);
        mean.backward();

        using var gradient = outputs.grad;
        Assert.NotNull(gradient);
        Assert.All(gradient.argmin(1).data<long>().ToArray().Zip([0L, 1, 2, 1]), pair => Assert.Equal(pair.Second, pair.First));
    }

    public static TheoryData<string> Kinds =>
        ["cross-entropy", "smoothed", "weighted", "smoothed-weighted", "sequences", "nll", "nll-weighted", "bce", "bce-classes", "mse", "mae", "huber"];

    [Theory, MemberData(nameof(Kinds))]
    public void The_gradient_is_that_of_central_differences(string kind)
    {
        const double h = 1e-5;
        var loss = Of(kind);
        using var generator = new Generator(5);
        using var start = randn(kind == "sequences" ? [3, 2, 4] : [6, 4], dtype: float64, generator: generator);
        using var targets = kind switch
        {
            "sequences" => tensor(new long[] { 0, 1, 2, 3, 3, 1 }, [3, 2]),
            "bce" => rand([6, 4], dtype: float64, generator: generator),
            "mse" or "mae" or "huber" => randn([6, 4], dtype: float64, generator: generator),
            _ => tensor(new long[] { 0, 3, 2, 1, 0, 0 }),
        };

        using var outputs = start.clone().requires_grad_();
        using var mean = loss.Mean(outputs, targets);
        mean.backward();
        using var gradient = outputs.grad!;

        var values = start.data<double>().ToArray();
        var slopes = gradient.data<double>().ToArray();
        for (var i = 0; i < values.Length; i++)
            Assert.Equal((At(i, h) - At(i, -h)) / (2 * h), slopes[i], 1e-8);

        double At(int element, double change)
        {
            var moved = values.ToArray();
            moved[element] += change;
            using var point = tensor(moved, start.shape, dtype: float64);
            using var value = loss.Mean(point, targets);
            return value.item<double>();
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Parts_of_a_batch_weighted_by_their_samples_add_up_to_the_whole(string kind)
    {
        var loss = Of(kind);
        using var generator = new Generator(6);
        using var outputs = randn(kind == "sequences" ? [7, 2, 4] : [7, 4], dtype: float64, generator: generator);
        using var targets = kind switch
        {
            "sequences" => randint(0, 4, [7, 2], dtype: int64, generator: generator),
            "bce" or "mse" or "mae" or "huber" => rand([7, 4], dtype: float64, generator: generator),
            _ => tensor(new long[] { 0, 3, 2, 1, 0, 0, 3 }),
        };
        var whole = Value(0, 7);
        Assert.Equal(whole, (2 * Value(0, 2) + 4 * Value(2, 4) + Value(6, 1)) / 7, 1e-12);

        double Value(long from, long count)
        {
            using var some = outputs.narrow(0, from, count);
            using var wanted = targets.narrow(0, from, count);
            using var mean = loss.Mean(some, wanted);
            return mean.item<double>();
        }
    }

    [Fact]
    public void Weights_and_smoothing_follow_their_formula()
    {
        // log-softmax of [1, 2, 3] and [0, 0, 0].
        var normal = Math.Log(Math.Exp(1) + Math.Exp(2) + Math.Exp(3));
        double[] first = [1 - normal, 2 - normal, 3 - normal];
        var second = -Math.Log(3);
        double[] weights = [0.5, 1, 3];
        using var outputs = tensor(new double[] { 1, 2, 3, 0, 0, 0 }, [2, 3]);
        using var targets = tensor(new long[] { 2, 0 });

        using var weighted = new LossSpec("cross-entropy") { ClassWeights = weights }.Create().Mean(outputs, targets);
        Assert.Equal((-3 * first[2] - 0.5 * second) / 2, weighted.item<double>(), 1e-12);

        using var smoothed = new LossSpec("cross-entropy") { LabelSmoothing = 0.3 }.Create().Mean(outputs, targets);
        Assert.Equal((-0.7 * first[2] - 0.1 * first.Sum() - second) / 2, smoothed.item<double>(), 1e-12);
    }

    [Fact]
    public void Balanced_weights_let_every_class_count_the_same()
    {
        using var data = new TensorDataSet(zeros([8, 1]), tensor(new long[] { 0, 0, 0, 0, 1, 2, 2, 0 }), 4, Pixels.Plain);
        using var outputs = zeros([8, 4], dtype: float64);
        using var all = tensor(new long[] { 0, 0, 0, 0, 1, 2, 2, 0 });

        using var mean = new LossSpec("cross-entropy") { Balanced = true }.Create(data).Mean(outputs, all);
        using var rare = new LossSpec("cross-entropy") { Balanced = true }.Create(data).Mean(outputs.narrow(0, 4, 1), all.narrow(0, 4, 1));

        // Each of the three classes that occur has 8 / 4 samples' worth of weight; the rare one has all of its in one sample.
        Assert.Equal(Math.Log(4) * 3 * 2 / 8, mean.item<double>(), 1e-12);
        Assert.Equal(Math.Log(4) * 2, rare.item<double>(), 1e-12);
    }

    [Theory]
    [InlineData("mean-absolute-error", (1 + 0 + 3) / 3.0)]
    [InlineData("huber", (0.5 + 0 + 2.5) / 3)]
    [InlineData("mean-squared-error", (1 + 0 + 9) / 3.0)]
    public void Distances_follow_their_formula(string type, double expected)
    {
        using var outputs = tensor(new float[] { 1, 2, 4 }, [3, 1]);
        using var targets = tensor(new float[] { 2, 2, 1 });
        using var mean = Create(type).Mean(outputs, targets);
        Assert.Equal(expected, mean.item<float>(), 1e-6);
    }

    [Fact]
    public void Binary_cross_entropy_takes_flags_and_keeps_its_head_at_large_scores()
    {
        using var outputs = tensor(new float[] { 0, 200, -200 }, [3, 1]);
        using var flags = tensor(new long[] { 1, 1, 0 });
        using var mean = Create("binary-cross-entropy").Mean(outputs, flags);
        Assert.Equal(Math.Log(2) / 3, mean.item<float>(), 1e-6);
    }

    [Fact]
    public void A_wrong_number_of_class_weights_is_named()
    {
        using var outputs = zeros([2, 3]);
        using var targets = tensor(new long[] { 2, 0 });
        var error = Assert.Throws<BadInputException>(() => new LossSpec("cross-entropy") { ClassWeights = [1, 2] }.Create().Mean(outputs, targets));
        Assert.Equal("loss.class-weights: expected 3 weights, one a class, got 2", error.Message);
    }

    [Fact]
    public void A_loss_is_a_word_or_a_section_and_cross_entropy_when_absent()
    {
        Assert.Equal("mean-squared-error", LossSpec.Read(Examples.Section(("loss", "mean-squared-error"))).Type);
        Assert.Equal("mean-squared-error", Section(("type", "mean-squared-error")).Type);
        Assert.Equal("cross-entropy", LossSpec.Read(Examples.Section()).Type);
        Assert.Equal(0.1, Section(("type", "cross-entropy"), ("label-smoothing", 0.1)).LabelSmoothing);
        Assert.Equal([1, 0.5], Section(("type", "negative-log-likelihood"), ("class-weights", new object[] { 1, 0.5 })).ClassWeights!);
        Assert.True(Section(("type", "cross-entropy"), ("class-weights", "balanced")).Balanced);
        Assert.Equal(2.5, Section(("type", "huber"), ("delta", 2.5)).Delta);
    }

    [Theory]
    [InlineData("cross-entropy", "wieght", "1", "loss.wieght: unknown key")]
    [InlineData("huber", "delta", "0", "loss.delta: expected a number above 0, got '0'")]
    [InlineData("cross-entropy", "label-smoothing", "1", "loss.label-smoothing: expected a number of at least 0 and at most 0.99")]
    [InlineData("cross-entropy", "class-weights", "equal", "loss.class-weights: expected 'balanced', got 'equal'")]
    [InlineData("mean-squared-error", "class-weights", "balanced", "loss.class-weights: unknown key")]
    public void What_does_not_fit_is_named(string type, string key, string value, string message) =>
        Assert.StartsWith("job.hocon: " + message, Assert.Throws<BadInputException>(() => Section(("type", type), (key, value))).Message);

    [Fact]
    public void An_unknown_loss_is_named_with_the_nearest_one() => Assert.Equal(
        "job.hocon: loss: expected one of cross-entropy, negative-log-likelihood, binary-cross-entropy, mean-squared-error, mean-absolute-error, "
        + "huber, got 'cross-entrpy'; did you mean 'cross-entropy'?",
        Assert.Throws<BadInputException>(() => LossSpec.Read(Examples.Section(("loss", "cross-entrpy")))).Message);

    private static LossSpec Section(params (string Key, object Value)[] members) => LossSpec.Read(Examples.Section(("loss", members)));

    private static ILossFunction Of(string kind) => (kind switch
    {
        "smoothed" => new LossSpec("cross-entropy") { LabelSmoothing = 0.2 },
        "weighted" => new LossSpec("cross-entropy") { ClassWeights = [0.1, 2, 3, 0] },
        "smoothed-weighted" => new LossSpec("cross-entropy") { LabelSmoothing = 0.2, ClassWeights = [0.1, 2, 3, 0] },
        "nll" => new LossSpec("negative-log-likelihood"),
        "nll-weighted" => new LossSpec("negative-log-likelihood") { ClassWeights = [0.1, 2, 3, 0] },
        "bce" or "bce-classes" => new LossSpec("binary-cross-entropy"),
        "mse" => new LossSpec("mean-squared-error"),
        "mae" => new LossSpec("mean-absolute-error"),
        "huber" => new LossSpec("huber") { Delta = 0.7 },
        _ => new LossSpec("cross-entropy"),
    }).Create();

    private static ILossFunction Create(string type) => new LossSpec(type).Create();
}
