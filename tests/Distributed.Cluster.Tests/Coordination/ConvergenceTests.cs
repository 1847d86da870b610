using Distributed.Cluster.Coordination;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Protocol;
using Distributed.Learning;

namespace Distributed.Cluster.Tests.Coordination;

public sealed class ConvergenceTests
{
    [Fact]
    public void A_job_stops_after_as_many_evaluations_without_improvement_as_its_patience()
    {
        var rule = new EarlyStopping(new EarlyStoppingSpec(new("loss"), 2, 0, RestoreBest: true));

        Assert.Equal((true, false), rule.Observe(Of(1, 0.5)));
        Assert.Equal((false, false), rule.Observe(Of(2, 0.5)));
        Assert.Equal((true, false), rule.Observe(Of(3, 0.4)));
        Assert.Equal((false, false), rule.Observe(Of(4, double.NaN)));
        Assert.Equal((false, true), rule.Observe(Of(5, 0.41)));
        Assert.Equal(3, rule.Best!.Version);
    }

    [Fact]
    public void Less_than_the_least_difference_is_no_improvement()
    {
        var rule = new EarlyStopping(new EarlyStoppingSpec(new("accuracy"), 3, 0.01, RestoreBest: false));

        Assert.True(rule.Observe(Of(1, 1, accuracy: 0.5)).Improved);
        Assert.False(rule.Observe(Of(2, 1, accuracy: 0.505)).Improved);
        Assert.True(rule.Observe(Of(3, 1, accuracy: 0.52)).Improved);
        Assert.False(rule.RestoresBest);
    }

    [Fact]
    public void A_figure_that_evaluations_lack_is_bad_input()
    {
        var rule = new EarlyStopping(new EarlyStoppingSpec(new("r2"), 3, 0, RestoreBest: true));

        var error = Assert.Throws<BadInputException>(() => rule.Observe(Of(1, 0.5, accuracy: 0.5)));
        Assert.Equal("early-stopping.metric: the evaluations of this job have no r2; they have loss, accuracy", error.Message);
    }

    [Fact]
    public void A_test_loss_that_rises_three_times_while_the_training_loss_falls_is_told_once()
    {
        var watch = new ConvergenceWatch();
        (double, double)[] losses = [(1.0, 1.0), (0.9, 0.8), (0.8, 0.81), (0.7, 0.82), (0.6, 0.83), (0.5, 0.84)];
        var told = losses.Select(loss => watch.Observe(loss.Item1, loss.Item2)).ToArray();

        Assert.Equal([ConvergenceTrouble.Overfitting], told[4]);
        Assert.All(told.Where((_, i) => i != 4), Assert.Empty);
    }

    [Fact]
    public void A_test_loss_that_rises_with_the_training_loss_is_no_overfitting()
    {
        var watch = new ConvergenceWatch();

        for (var i = 0; i < 6; i++)
            Assert.Empty(watch.Observe(1 + i, 1 + i));
    }

    [Fact]
    public void A_training_loss_that_stays_is_told_and_told_again_after_it_has_moved()
    {
        var watch = new ConvergenceWatch();
        var flat = Enumerable.Range(0, 8).SelectMany(_ => watch.Observe(2.3026, 2.3)).ToArray();
        Assert.Equal([ConvergenceTrouble.Stalled], flat);

        Assert.Empty(watch.Observe(1.5, 1.5));
        Assert.Equal([ConvergenceTrouble.Stalled], Enumerable.Range(0, 8).SelectMany(_ => watch.Observe(1.5, 1.4)));
    }

    [Fact]
    public void Evaluations_are_due_by_epochs_by_steps_and_at_the_end()
    {
        long[] Due(int epochs, int steps) => [.. Enumerable.Range(1, 25).Where(v => new EvaluationSchedule(epochs, steps).IsDue(v, 10, 25)).Select(v => (long)v)];

        Assert.Equal([10, 20, 25], Due(1, 0));
        Assert.Equal([7, 14, 20, 21, 25], Due(2, 7));
        Assert.Equal([25], Due(0, 0));
    }

    [Fact]
    public void The_training_loss_between_evaluations_is_a_mean_over_samples()
    {
        var history = new RunHistory(10);
        foreach (var (step, samples, loss) in new[] { (10L, 1, 4.0), (11L, 3, 2.0), (12L, 2, 1.0) })
            history.Add(new StepRecord(step, samples, loss, null, 1, 1, 1, 1));

        Assert.Equal(2.5, history.Add(Of(12, 1)));
        Assert.Equal(1, history.Add(Of(13, 1)));
    }

    [Fact]
    public void Blocks_of_two_versions_do_not_mix()
    {
        var board = new EvaluationBoard(Evaluator.BlockSize + 1);
        static ProgressMessages.EvaluationReport Report(long version, int block, double loss) => new(version, new EvaluationBlock(block, block == 0 ? 250 : 1, loss));

        Assert.Null(board.Add(Report(2, 1, 9)));
        Assert.Null(board.Add(Report(1, 0, 250)));
        var first = board.Add(Report(1, 1, 1));

        Assert.Equal((1L, 251, 1.0), (first!.Version, first.Samples, first.Loss));
        Assert.Equal(259.0 / 251, board.Add(Report(2, 0, 250))!.Loss);
    }

    private static Evaluation Of(long version, double loss, double? accuracy = null) => new(version, 10, loss, accuracy);
}
