using Distributed.Cluster.Coordination;
using Distributed.Cluster.Protocol;
using FsCheck;
using FsCheck.Xunit;

namespace Distributed.Cluster.Tests.Coordination;

public class StepBoardTests
{
    private const int FirstStep = 3;
    private const int Steps = 5;

    /// <summary>Parts of several workers, shuffled, some twice: steps come whole, in order, and with the same bits as from one worker.</summary>
    [Property(MaxTest = 100)]
    public void Steps_come_whole_and_in_order_with_the_same_figures_for_any_number_of_workers(PositiveInt size, int seed)
    {
        var slots = 1 + size.Get % 9;
        var random = new Random(seed);
        var alone = new StepBoard(slots, FirstStep);
        var expected = Enumerable.Range(FirstStep, Steps).SelectMany(step => alone.Add(Report(step, Enumerable.Range(0, slots)))).ToArray();

        var workers = random.Next(1, slots + 1);
        var parts = (
            from step in Enumerable.Range(FirstStep, Steps)
            from lease in SlotLeases.Deal(slots, workers)
            from copy in Enumerable.Range(0, random.Next(1, 3))
            select Report(step, lease)).ToArray();
        random.Shuffle(parts);
        var board = new StepBoard(slots, FirstStep);
        var got = parts.SelectMany(board.Add).ToArray();

        Assert.Equal(Steps, got.Length);
        Assert.Equal(expected, got);
        Assert.Equal(FirstStep + Steps, board.Next);
    }

    [Fact]
    public void A_step_takes_the_workers_mean_its_parts_are_the_slowest_workers_and_the_loss_is_a_mean_over_samples()
    {
        var board = new StepBoard(2, 0);
        Assert.Empty(board.Add(new(0, [new(1, 3, 6, 3, 1)], 10, 7, 1, 3)));
        var step = Assert.Single(board.Add(new(0, [new(0, 1, 2, 1, 1)], 9, 2, 4, 7)));
        Assert.Equal(new StepRecord(0, 4, 2, 0.5, 9.5, 7, 4, 7) { SlotSamples = "1,3" }, step);
    }

    [Fact]
    public void A_part_that_servers_knew_of_has_no_times_and_does_not_shorten_the_step()
    {
        var board = new StepBoard(2, 0);
        Assert.Empty(board.Add(new(0, [new(0, 1, 2, 1, 1)], 10, 7, 1, 3)));
        Assert.Equal(10, Assert.Single(board.Add(new(0, [new(1, 1, 2, 1, 1)], 0, 0, 0, 0))).TotalMilliseconds);
    }

    [Fact]
    public void Slots_that_do_not_exist_and_steps_that_are_over_are_dropped()
    {
        var board = new StepBoard(1, 4);
        Assert.Empty(board.Add(new(3, [new(0, 1, 1, 0, 0)], 1, 1, 1, 1)));
        Assert.Empty(board.Add(new(4, [new(-1, 1, 1, 0, 0), new(1, 1, 1, 0, 0)], 1, 1, 1, 1)));
        Assert.Null(Assert.Single(board.Add(new(4, [new(0, 1, 1, 0, 0)], 1, 1, 1, 1))).Accuracy);
    }

    private static ProgressMessages.StepReport Report(long step, IEnumerable<int> slots) =>
        new(step, [.. slots.Select(slot => new ProgressMessages.SlotReport(slot, 1 + slot, Math.Exp(5 * Math.Sin(step * 31 + slot)), 1 + slot, slot % 2))], 1, 1, 1, 1);
}
