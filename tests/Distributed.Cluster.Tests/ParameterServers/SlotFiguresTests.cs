using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Tests.ParameterServers;

public sealed unsafe class SlotFiguresTests
{
    [Fact]
    public void What_slots_saw_is_kept_until_it_is_written_down()
    {
        var figures = new SlotFigures(3);
        Add(figures, 4, Slot(0), Slot(1));
        Add(figures, 4, Slot(2), Slot(1));
        Add(figures, 5, Slot(0));
        var step = Assert.Single(figures.Below(5));
        Assert.Equal(4, step.Step);
        Assert.Equal([Slot(0), Slot(1), Slot(2)], step.Slots);
        Assert.Equal([4, 5], figures.Below(6).Select(known => known.Step));
        figures.Forget(5);
        Add(figures, 4, Slot(0));
        Assert.Equal([5], figures.Below(6).Select(known => known.Step));
    }

    [Fact]
    public void A_slot_that_the_job_has_not_is_refused()
    {
        var payload = new byte[SlotFigures.BytesOfSlot];
        fixed (byte* into = payload)
            SlotFigures.Encode([Slot(3)], into);
        Assert.False(new SlotFigures(3).Add(0, payload));
    }

    private static ProgressMessages.SlotReport Slot(int slot) => new(slot, 7 + slot, 0.1 * slot, 3, 2);

    private static void Add(SlotFigures figures, long step, params ProgressMessages.SlotReport[] slots)
    {
        var payload = new byte[SlotFigures.BytesOfSlot * slots.Length];
        fixed (byte* into = payload)
            Assert.Equal(payload.Length, SlotFigures.Encode(slots, into));
        Assert.True(figures.Add(step, payload));
    }
}
