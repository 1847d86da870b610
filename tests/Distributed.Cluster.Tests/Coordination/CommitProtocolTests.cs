using Distributed.Cluster.Tests.Coordination.Protocol;
using Xunit.Abstractions;

namespace Distributed.Cluster.Tests.Coordination;

/// <summary>
/// The commit protocol, walked through in every order in which its messages can arrive, with faults at every point: workers and servers that
/// die, or are held for lost and go on all the same; links that break; gradients that come twice, or under a term that is over; coordinators
/// that are lost with what they had not written. <see cref="World"/> says what is the product's own and what is modelled.
/// </summary>
public sealed class CommitProtocolTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(3, 0, "backups", 190)]
    [InlineData(2, 0, "backups, shard by shard", 1_300)]
    [InlineData(2, 1, "shard by shard", 6_000)]
    [InlineData(2, 1, "coordinator", 20_000)]
    [InlineData(1, 2, "", 45_000)]
    [InlineData(2, 1, "backups", 70_000)]
    [InlineData(1, 1, "backups, coordinator", 60_000)]
    [InlineData(1, 1, "backups, shard by shard", 130_000)]
    [InlineData(1, 1, "backups, twice", 25_000)]
    public void In_every_order_every_slot_counts_once_a_version_and_training_ends(int versions, int faults, string with, int least) =>
        Explore(versions, faults, with, least);

    /// <summary>The same for longer stories.</summary>
    [Theory]
    [Trait("Category", "Slow")]
    [InlineData(1, 2, "backups", 1_400_000)]
    [InlineData(2, 2, "", 150_000)]
    [InlineData(1, 2, "coordinator", 250_000)]
    [InlineData(2, 1, "backups, coordinator", 250_000)]
    public void In_every_order_of_more_messages_it_is_so_too(int versions, int faults, string with, int least) => Explore(versions, faults, with, least);

    /// <summary>What shows that the walk would find a fault of the protocol: with a rule switched off it does.</summary>
    [Theory]
    [InlineData(nameof(BrokenRule.TermsAreNotLookedAt), "gradients of one term", 1, 1, "")]
    [InlineData(nameof(BrokenRule.VersionsAreNotLookedAt), "gradients of its own version", 2, 1, "")]
    [InlineData(nameof(BrokenRule.BackupsAreNotAwaited), "whole on every shard", 2, 0, "backups")]
    [InlineData(nameof(BrokenRule.OneShardIsEnough), "whole on every shard", 2, 0, "")]
    [InlineData(nameof(BrokenRule.DueUpdatesAreNotTold), "a version is written over once nobody reads it", 2, 1, "")]
    [InlineData(nameof(BrokenRule.OneServerIsEnough), "a version that every shard still has", 2, 1, "")]
    [InlineData(nameof(BrokenRule.FiguresAreNotTold), "what slots saw is known", 2, 1, "")]
    [InlineData(nameof(BrokenRule.FiguresAreForgottenEarly), "what slots saw is known", 1, 2, "coordinator")]
    [InlineData(nameof(BrokenRule.FilesEndWhereShardsStand), "a successor goes on", 1, 1, "coordinator")]
    [InlineData(nameof(BrokenRule.TermsAreNotKept), "nothing waits for ever", 1, 2, "coordinator")]
    public void A_rule_that_is_broken_is_found(string rule, string invariant, int versions, int faults, string with)
    {
        var scenario = Of(versions, faults, with) with { Broken = Enum.Parse<BrokenRule>(rule) };
        var violation = Assert.Throws<ViolationException>(() => Explorer.Explore(scenario));
        output.WriteLine(violation.Message);
        Assert.Contains(invariant, violation.Message.Split('\n')[0], StringComparison.Ordinal);
    }

    private static Scenario Of(int versions, int faults, string with) => new(
        versions, faults, with.Contains("backups", StringComparison.Ordinal), with.Contains("shard by shard", StringComparison.Ordinal),
        with.Contains("coordinator", StringComparison.Ordinal), with.Contains("twice", StringComparison.Ordinal));

    private void Explore(int versions, int faults, string with, int least)
    {
        var explored = Explorer.Explore(Of(versions, faults, with));
        var told = $"{explored.States:N0} states, {explored.Moves:N0} moves between them, {explored.Ends:N0} ends, {explored.Depth} moves deep";
        output.WriteLine(told);
        Assert.True(explored.States >= least && explored.Ends > 0, told);
    }
}
