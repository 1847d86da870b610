using Distributed.Cluster.Coordination;
using Distributed.Cluster.Monitoring;
using Distributed.Learning;

namespace Distributed.Cluster.Tests.Coordination;

public class RunHistoryTests
{
    [Fact]
    public void The_mean_since_the_last_evaluation_is_exact_over_any_number_of_steps()
    {
        var history = new RunHistory(0);
        var steps = 3 * RunHistory.Latest;
        for (var step = 0L; step < steps; step++)
            history.Add(Of(step, 1 + (int)(step % 3), step));
        var expected = Enumerable.Range(0, steps - 7).Sum(step => (double)step * (1 + step % 3)) / Enumerable.Range(0, steps - 7).Sum(step => 1L + step % 3);

        Assert.Equal(expected, history.Add(new Evaluation(steps - 7, 10, 1, null)));
        var since = Enumerable.Range(steps - 7, 7).ToArray();
        Assert.Equal(since.Sum(step => (double)step * (1 + step % 3)) / since.Sum(step => 1L + step % 3), history.Add(new Evaluation(steps, 10, 1, null)));
        Assert.Equal(double.NaN, history.Add(new Evaluation(steps, 10, 1, null)));
    }

    [Fact]
    public void Losses_of_many_steps_are_means_that_reach_to_the_last_one()
    {
        var history = new RunHistory(0);
        for (var step = 0L; step < 100_000; step++)
            history.Add(Of(step, 1, step));

        Assert.InRange(history.Losses.Count, 1000, 2001);
        Assert.Equal(100_000, history.Losses[^1].Step);
        Assert.InRange(history.Losses[^1].Value, 99_000, 100_000);
    }

    [Fact]
    public void Evaluations_of_any_number_become_curves_of_what_fits_the_task()
    {
        var history = new RunHistory(0);
        for (var step = 0L; step < 10_000; step++)
        {
            history.Add(Of(step, 1, 1));
            history.Add(new Evaluation(step + 1, 10, 2, 0.5));
        }

        var found = RunCurves.Metrics.Zip(history.Evaluated).ToDictionary(pair => pair.First.Name, pair => pair.Second);
        Assert.InRange(found["test"].Length, 1000, 2001);
        Assert.Equal(new CurvePoint(10_000, 0.5), found["accuracy"][^1]);
        Assert.Empty(found["perplexity"]);
    }

    private static StepRecord Of(long step, int samples, double loss) => new(step, samples, loss, null, 1, 1, 1, 1);
}
