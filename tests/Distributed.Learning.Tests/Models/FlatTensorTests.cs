using TorchSharp;

namespace Distributed.Learning.Tests;

public class FlatTensorTests
{
    [Fact]
    public void A_tensor_shares_the_memory_both_ways_and_leaves_it_alone_when_it_goes()
    {
        using var memory = new FloatMemory([1, 2, 3, 4]);
        using (var tensor = FlatTensor.Wrap(memory.Address, 4))
        {
            Assert.Equal(torch.float32, tensor.dtype);
            Assert.Equal([4L], tensor.shape);
            tensor.mul_(2);
            memory.Span[3] = 9;
            Assert.Equal([2f, 4, 6, 9], Examples.Floats(tensor));
        }
        Assert.Equal([2f, 4, 6, 9], memory.Span.ToArray());
    }

    [Fact]
    public void A_view_outlives_the_tensor_and_a_dispose_scope_leaves_the_tensor_alone()
    {
        using var memory = new FloatMemory([1, 2, 3, 4]);
        torch.Tensor tensor;
        using (torch.NewDisposeScope()) tensor = FlatTensor.Wrap(memory.Address, 4);
        var view = tensor.narrow(0, 1, 2);
        tensor.Dispose();
        view.add_(10);
        view.Dispose();
        Assert.Equal([1f, 12, 13, 4], memory.Span.ToArray());
    }

    [Fact]
    public void A_hundred_thousand_tensors_leave_nothing_behind()
    {
        using var memory = new FloatMemory(16);
        for (var i = 0; i < 1000; i++) FlatTensor.Wrap(memory.Address, 16).Dispose();
        var tensors = Examples.LiveTensors();
        var managed = GC.GetTotalMemory(true);
        var resident = Environment.WorkingSet;
        for (var i = 0; i < 100_000; i++) FlatTensor.Wrap(memory.Address, 16).Dispose();
        Assert.Equal(tensors, Examples.LiveTensors());
        Assert.InRange(GC.GetTotalMemory(true) - managed, -10_000_000, 2_000_000);
        Assert.InRange(Environment.WorkingSet - resident, -1_000_000_000, 30_000_000);
    }

    [Fact]
    public void No_memory_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => FlatTensor.Wrap(0, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => FlatTensor.Wrap(64, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => FlatTensor.Wrap(62, 1));
    }
}
