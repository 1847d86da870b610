using Distributed.Cluster.Coordination;

namespace Distributed.Cluster.Tests.Coordination;

public class SlotLeasesTests
{
    [Fact]
    public void Every_slot_is_leased_once_in_consecutive_shares_that_differ_by_one_at_most()
    {
        for (var slots = 1; slots <= 40; slots++)
            for (var workers = 1; workers <= slots; workers++)
            {
                var leases = SlotLeases.Deal(slots, workers);
                Assert.Equal(workers, leases.Count);
                Assert.Equal(Enumerable.Range(0, slots), leases.SelectMany(lease => lease));
                Assert.InRange(leases.Max(lease => lease.Length) - leases.Min(lease => lease.Length), 0, 1);
            }
    }

    [Fact]
    public void The_largest_job_does_not_overflow() => Assert.Equal(4, SlotLeases.Deal(4096, 1024)[^1].Length);
}
