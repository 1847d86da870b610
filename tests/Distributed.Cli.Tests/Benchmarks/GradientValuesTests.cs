using Distributed.Cli.Benchmarks.Exchange;

namespace Distributed.Cli.Tests.Benchmarks;

public unsafe class GradientValuesTests
{
    [Fact]
    public void The_sum_over_slots_is_that_of_their_gradients()
    {
        const int floats = GradientValues.Period + 5;
        using var sums = new GradientValues(0, 2);
        float[] first = Written(0, floats, 3), second = Written(1, floats, 3);
        for (var i = 0; i < floats; i++) Assert.Equal(first[i] + second[i], sums.At(3)[i % GradientValues.Period]);
    }

    [Fact]
    public void Slots_and_versions_differ()
    {
        Assert.NotEqual(Written(0, 1000, 3), Written(1, 1000, 3));
        Assert.NotEqual(Written(0, 1000, 3), Written(0, 1000, 4));
    }

    private static float[] Written(int slot, int floats, long version)
    {
        using var values = new GradientValues(slot, 1);
        var written = new float[floats];
        fixed (float* into = written) values.Write((nint)into, floats, version);
        return written;
    }
}
