using Distributed.Cluster.Data;
using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Tests;

/// <summary>Whose data counts, and who can give it to others.</summary>
public class DataAgreementTests
{
    private static readonly DataMessages.Summary Mine = new("aa", 2, 10);
    private static readonly DataMessages.Summary Other = new("bb", 2, 10);

    [Fact]
    public void The_coordinators_own_data_counts_before_that_of_workers()
    {
        var agreement = new DataAgreement("head");
        agreement.Take("worker-1", Other);
        Assert.False(agreement.IsDecided(["worker-1"]));
        agreement.Look(Mine);
        Assert.Equal((Mine, "head"), (agreement.Reference, agreement.Holder));
        Assert.True(agreement.IsDecided(["worker-1"]));
        agreement.Take("worker-1", Other);
        Assert.Equal("head", agreement.Holder);
        agreement.Lose("head");
        Assert.Equal("head", agreement.Holder);
    }

    [Fact]
    public void Without_it_that_of_the_first_worker_counts_and_whoever_has_the_same_can_give_it()
    {
        var agreement = new DataAgreement("head");
        agreement.Look(null);
        agreement.Take("worker-2", Mine);
        agreement.Take("worker-1", Other);
        agreement.Take("worker-3", Mine);
        Assert.Equal((Mine, "worker-2"), (agreement.Reference, agreement.Holder));
        agreement.Lose("worker-2");
        Assert.Equal("worker-3", agreement.Holder);
        agreement.Lose("worker-3");
        Assert.Equal((Mine, null), (agreement.Reference, agreement.Holder));
    }

    [Fact]
    public void Workers_that_lack_it_wait_until_nobody_can_have_it()
    {
        var agreement = new DataAgreement("head");
        agreement.Take("worker-1", null);
        Assert.False(agreement.IsDecided(["worker-1"]));
        agreement.Look(null);
        Assert.False(agreement.IsDecided(["worker-1", "worker-2"]));
        agreement.Take("worker-2", null);
        Assert.True(agreement.IsDecided(["worker-1", "worker-2"]));
        Assert.Null(agreement.Reference);
        agreement.Take("worker-2", Mine);
        Assert.Equal((Mine, "worker-2"), (agreement.Reference, agreement.Holder));
    }

    [Fact]
    public void A_job_that_was_taken_over_keeps_the_data_of_those_who_worked_for_it()
    {
        var agreement = new DataAgreement("head", inherits: true);
        agreement.Take("late", Other);
        agreement.Take("later", null);
        Assert.False(agreement.IsDecided(["late", "later"]));
        agreement.Take("worker-1", Mine, agreed: true);
        Assert.Equal((Mine, "worker-1"), (agreement.Reference, agreement.Holder));

        var alone = new DataAgreement("head", inherits: true);
        alone.Settle();
        alone.Take("late", Other);
        Assert.Equal(Other, alone.Reference);
    }
}
