namespace Distributed.Learning.Tests;

/// <summary>
/// The expected rates are those of <c>torch.optim.lr_scheduler.ReduceLROnPlateau</c> (PyTorch 1.13) over the same figures, with the mode
/// <c>min</c> for the loss and <c>max</c> for the accuracy.
/// </summary>
public class PlateauRateTests
{
    private static readonly double[] Losses =
    [
        2.0, 1.6, 1.5, 1.49, 1.495, 1.48, 1.5, 1.2, 1.21, 1.195, 1.2, 1.25, 1.3, 1.1, 1.1, 1.1, 1.1, 1.1, double.NaN, 1.0, 1.05, 1.0, 0.999, 1.0,
        1.0, 1.0, 1.0, 1.0,
    ];

    private static readonly double[] Accuracies =
    [
        0.1, 0.5, 0.6, 0.6, 0.605, 0.62, 0.61, 0.61, 0.7, 0.69, 0.7, 0.7, 0.7, 0.7, 0.8, 0.8, 0.79, 0.8, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9,
    ];

    [Fact]
    public void Losses_that_stay_let_the_rate_fall_as_in_PyTorch()
    {
        var rates = Rates(new ScheduleSpec("reduce-on-plateau") { Factor = 0.5, Patience = 2, Threshold = 0.01, MinRate = 0.03 }, Losses, 1);
        Assert.Equal(
            [.. Enumerable.Repeat(0.4, 10), .. Enumerable.Repeat(0.2, 6), .. Enumerable.Repeat(0.1, 6), 0.05, 0.05, 0.05, 0.03, 0.03, 0.03], rates);
    }

    [Fact]
    public void Accuracies_that_stay_let_the_rate_fall_as_in_PyTorch()
    {
        var rates = Rates(
            new ScheduleSpec("reduce-on-plateau") { Metric = new("accuracy"), Factor = 0.1, Patience = 1, Threshold = 0.02 }, 0.5, Accuracies);
        Assert.Equal(
            [
                .. Enumerable.Repeat(0.4, 4), .. Enumerable.Repeat(0.04000000000000001, 3), .. Enumerable.Repeat(0.004000000000000001, 3),
                .. Enumerable.Repeat(0.00040000000000000013, 2), .. Enumerable.Repeat(4.000000000000002e-05, 4),
                .. Enumerable.Repeat(4.0000000000000015e-06, 4), .. Enumerable.Repeat(4.000000000000002e-07, 2), .. Enumerable.Repeat(4.000000000000002e-08, 2),
            ],
            rates);
    }

    [Fact]
    public void A_rate_below_the_least_one_stays() =>
        Assert.All(Rates(new ScheduleSpec("reduce-on-plateau") { Factor = 0.5, Patience = 0, MinRate = 1 }, [1, 1, 1, 1], 0.5), rate => Assert.Equal(0.4, rate));

    [Fact]
    public void A_warm_up_scales_the_rate_that_there_is()
    {
        var schedule = new LearningRateSchedule(new ScheduleSpec("reduce-on-plateau") { Warmup = new(4, false) }, 0.4, 10, 100);
        Assert.Equal([0.1, 0.2, 0.1, 0.05, 0.4, 0.1], [schedule.At(0), schedule.At(1), schedule.At(1, 0.2), schedule.At(1, 0.1), schedule.At(4), schedule.At(99, 0.1)]);
    }

    [Fact]
    public void A_figure_that_evaluations_lack_is_bad_input()
    {
        var rate = new PlateauRate(new ScheduleSpec("reduce-on-plateau") { Metric = new("perplexity") }, 0.4);
        Assert.Equal(
            "optimizer.schedule.metric: the evaluations of this job have no perplexity; they have loss, accuracy",
            Assert.Throws<BadInputException>(() => rate.Observe(new Evaluation(1, 10, 0.5, 0.5))).Message);
    }

    [Fact]
    public void It_is_read_with_the_defaults_of_PyTorch()
    {
        var spec = ScheduleSpec.Read(Examples.Section(("schedule", new (string, object)[] { ("type", "reduce-on-plateau"), ("warmup", "5 steps") })));
        Assert.True(spec.FollowsEvaluations);
        Assert.Equal(("loss", 0.1, 10, 1e-4, 0.0, new TrainingSpan(5, false)), (spec.Metric.Name, spec.Factor, spec.Patience, spec.Threshold, spec.MinRate, spec.Warmup));
        var unknown = Assert.Throws<BadInputException>(() => ScheduleSpec.Read(
            Examples.Section(("schedule", new (string, object)[] { ("type", "reduce-on-plateau"), ("metric", "acuracy") }))));
        Assert.Contains("schedule.metric: expected one of loss, log-loss,", unknown.Message);
    }

    private static double[] Rates(ScheduleSpec spec, IEnumerable<double> losses, double accuracy) =>
        Rates(spec, losses.Select((loss, i) => new Evaluation(i + 1, 10, loss, accuracy)));

    private static double[] Rates(ScheduleSpec spec, double loss, IEnumerable<double> accuracies) =>
        Rates(spec, accuracies.Select((accuracy, i) => new Evaluation(i + 1, 10, loss, accuracy)));

    private static double[] Rates(ScheduleSpec spec, IEnumerable<Evaluation> evaluations)
    {
        var rate = new PlateauRate(spec, 0.4);
        return [.. evaluations.Select(evaluation =>
        {
            var before = rate.Rate;
            Assert.Equal(rate.Observe(evaluation), rate.Rate < before);
            return rate.Rate;
        })];
    }
}
