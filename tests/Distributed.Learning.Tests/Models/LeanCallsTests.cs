namespace Distributed.Learning.Tests;

/// <summary>What a step leaves to finalizers, a garbage collection of many steps pays for at once.</summary>
public class LeanCallsTests
{
    private const int Times = 300;

    private static readonly ILossFunction Loss = new CrossEntropy();

    // What TorchSharp's own modules leave stays.
    [Theory, InlineData("mlp", 0), InlineData("cnn", 0), InlineData("wide", 0), InlineData("lstm", 2)]
    public void A_slot_leaves_nothing_to_finalizers(string model, int ofTorchSharp)
    {
        var spec = StagedPassTests.Specs[model];
        using var setup = new ModelReplicaTests.Setup(spec);
        using var batch = Examples.Batch(spec, 4, 5);
        var signals = new SlotSignals(_ => { }, (_, _) => { }, ByStage: true);
        setup.Replica.ZeroGradients(0);
        Assert.InRange(Left(() => setup.Replica.ComputeSlot(batch, Loss, 0.5, 1, signals: signals)), 0, ofTorchSharp + 0.5);
    }

    [Fact]
    public void Gathered_images_leave_nothing_to_finalizers()
    {
        using var data = TensorDataSet.OfBytes(new byte[5 * 6], new byte[5], [1, 2, 3], 2, Pixels.Plain);
        Assert.InRange(Left(() => data.Gather([4, 0, 2]).Dispose()), 0, 0.5);
    }

    /// <summary>How many objects a call leaves, in the mean.</summary>
    private static double Left(Action call)
    {
        call();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.True(GC.TryStartNoGCRegion(100 << 20));
        for (var i = 0; i < Times; i++) call();
        GC.EndNoGCRegion();
        GC.Collect();
        return GC.GetGCMemoryInfo(GCKind.Any).FinalizationPendingCount / (double)Times;
    }
}
