using Distributed.Cluster.Launching;

namespace Distributed.Cluster.Tests.Launching;

public class CoreReservationTests
{
    [Theory]
    [InlineData("Cpus_allowed_list:\t0-3,8", new[] { 0, 1, 2, 3, 8 })]
    [InlineData("Cpus_allowed_list:\t5", new[] { 5 })]
    [InlineData("Cpus_allowed:\tff", new int[0])]
    public void The_cores_of_a_process_are_read_from_its_status(string line, int[] cores) =>
        Assert.Equal(cores, CoreReservation.Allowed(["Name:\tdotnet", line]));

    [Fact]
    public void Nothing_is_reserved_where_there_are_not_enough_cores()
    {
        using var tooMany = CoreReservation.Of(100_000);
        Assert.Empty(tooMany.Of(0, 1));
    }

    [Fact]
    public void Two_runs_never_have_a_core_in_common_and_what_one_gives_up_another_can_have()
    {
        using var first = CoreReservation.Of(1);
        using var second = CoreReservation.Of(1);
        // Another run on this machine may hold cores; what these two got must still differ.
        Assert.Empty(first.Of(0, 1).Intersect(second.Of(0, 1)));
        if (first.Of(0, 1) is not [var core]) return;
        first.Dispose();
        using var third = CoreReservation.Of(Environment.ProcessorCount - second.Of(0, 1).Count);
        Assert.True(third.Of(0, Environment.ProcessorCount).Contains(core) || third.Of(0, 1).Count == 0);
    }
}
