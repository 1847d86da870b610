using Distributed.Cli.Terminal;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Learning;

namespace Distributed.Cli.Tests.Terminal;

public class OutcomeTextTests
{
    [Fact]
    public void A_run_ends_with_its_test_its_fingerprint_its_folder_and_its_time()
    {
        var summary = new RunSummary(
            "digits", "completed", 2, 1, 4, 6, 378, 48000, 9811.7, new Spread(12, 15), 10, 0.2, 1.5, 1000, 421_642, "abc", new Evaluation(378, 2000, 0.0512, 0.9815),
            false, 0, 5, null);
        Assert.Equal(
            [
                "test accuracy  98.15 % of 2,000", "test loss      0.0512", "weightsSha256  abc", "run            runs/digits",
                "wall time      8.0 s (9,812 samples/s in training)",
            ],
            OutcomeText.Lines(new JobOutcome(JobStatus.Completed, null, "runs/digits", summary), 8));
    }

    [Fact]
    public void What_a_failed_run_does_not_have_is_left_out() =>
        Assert.Equal(["wall time      1.0 s"], OutcomeText.Lines(new JobOutcome(JobStatus.Failed, "why", null, null), 1));
}
