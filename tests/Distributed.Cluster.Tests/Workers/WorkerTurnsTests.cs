using Distributed.Cluster.Protocol;
using Distributed.Cluster.Workers;

namespace Distributed.Cluster.Tests.Workers;

public sealed class WorkerTurnsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly WorkerTurns turns = new();
    private readonly List<long> quiet = [];

    [Fact]
    public void A_halt_stops_the_turn_and_is_answered_when_it_has_ended()
    {
        turns.Give(Lease(1));
        var turn = turns.Next(quiet.Add)!;
        turns.Halt(2);
        Assert.True(turn.Stopped);
        Assert.Empty(quiet);
        turns.AwaitEnd(turn);
        turns.Give(Lease(2));
        Assert.Equal(2, turns.Next(quiet.Add)!.Term);
        Assert.Equal([2], quiet);
    }

    [Fact]
    public void A_lease_of_a_term_that_is_over_is_dropped()
    {
        turns.Give(Lease(1));
        turns.Halt(3);
        turns.Give(Lease(2));
        turns.Give(Lease(3));
        Assert.Equal(3, turns.Next(quiet.Add)!.Term);
        Assert.Equal([3], quiet);
    }

    [Fact]
    public async Task A_halt_and_a_release_are_heard_between_two_turns_too()
    {
        var answered = new TaskCompletionSource<long>();
        var thread = Task.Run(() => turns.Next(term => answered.SetResult(term)));
        turns.Halt(4);
        Assert.Equal(4, await answered.Task.WaitAsync(Patience));
        turns.Release();
        Assert.Null(await thread.WaitAsync(Patience));
    }

    private static TrainingMessages.Lease Lease(long term) =>
        new(Guid.Empty, term, [0], 0, false, new TrainingMessages.Connect(Guid.Empty, [], [], [new(0, 0, 0, 16)]));
}
