using Distributed.Cluster.Jobs;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Succession;

namespace Distributed.Cluster.Tests.Succession;

public class ReplicaTests
{
    private readonly Replica replica = new();
    private readonly Guid first = Guid.NewGuid();
    private readonly Guid second = Guid.NewGuid();

    [Fact]
    public void Nothing_of_a_coordinator_is_kept_that_has_a_successor()
    {
        var job = Job(1);
        Assert.True(replica.Keep(1, first, job));
        Assert.True(replica.Promise(2, second));
        Assert.False(replica.Keep(1, first, job with { Change = 9 }));
        Assert.False(replica.Promise(1, first));
        Assert.Equal(1, Assert.Single(replica.Jobs).Change);
        Assert.Equal(2, replica.Epoch);
    }

    [Fact]
    public void Of_two_that_begin_the_same_epoch_one_is_followed()
    {
        Assert.True(replica.Promise(1, first));
        Assert.False(replica.Promise(1, second));
        Assert.True(replica.Promise(1, first));
    }

    [Fact]
    public void What_is_known_better_is_not_replaced()
    {
        var job = Job(5);
        replica.Keep(1, first, job);
        Assert.True(replica.Keep(1, first, job with { Change = 4, Interrupted = true }));
        Assert.False(Assert.Single(replica.Jobs).Interrupted);
        replica.Add(job with { Change = 6, Interrupted = true });
        Assert.True(Assert.Single(replica.Jobs).Interrupted);
    }

    [Fact]
    public void The_newest_jobs_that_have_ended_are_remembered_and_all_others()
    {
        for (var i = 0; i < 105; i++)
            replica.Keep(1, first, Ended(Job(1), i));
        var waiting = Job(1);
        replica.Keep(1, first, waiting);
        Assert.Equal(101, replica.Jobs.Count);
        Assert.Contains(waiting, replica.Jobs);
        Assert.DoesNotContain(replica.Jobs, job => job.Entry.Ended == At(4));
        Assert.Contains(replica.Jobs, job => job.Entry.Ended == At(5));
    }

    private static DateTimeOffset At(int minutes) => DateTimeOffset.UnixEpoch.AddMinutes(minutes);

    private static SuccessionMessages.KeptJob Job(long change) =>
        new(new JobEntry(Guid.NewGuid(), "tiny", 1, 1, "runs/tiny", At(0)), change, "/runs/tiny", null, false, null);

    private static SuccessionMessages.KeptJob Ended(SuccessionMessages.KeptJob job, int minutes) =>
        job with { Entry = job.Entry with { Ended = At(minutes), Outcome = JobStatus.Completed } };
}
