namespace Distributed.Learning.Tests;

public class ParameterLayoutTests
{
    [Fact]
    public void Parameters_start_at_multiples_of_16_floats_in_order_of_definition()
    {
        using var module = Examples.Build(Examples.Mlp);
        var layout = ParameterLayout.Of(module);
        Assert.Equal(["0.weight", "0.bias", "3.weight", "3.bias"], layout.Entries.Select(e => e.Name));
        Assert.Equal([0L, 672, 720, 896], layout.Entries.Select(e => e.Offset));
        Assert.Equal([660L, 33, 165, 5], layout.Entries.Select(e => e.Count));
        Assert.Equal([33L, 20], layout.Entries[0].Shape);
        Assert.Equal(912, layout.Length);
        Assert.Equal(863, layout.ParameterCount);
    }

    [Fact]
    public void Equal_models_have_equal_hashes_and_others_have_others()
    {
        using var module = Examples.Build(Examples.Mlp, 1);
        using var same = Examples.Build(Examples.Mlp, 2);
        using var other = Examples.Build(new ModelSpec([20], [new LinearLayer(33), new LinearLayer(5)]));
        var hash = ParameterLayout.Of(module).Hash;
        Assert.Equal(32, hash.Length);
        Assert.Equal(hash, ParameterLayout.Of(same).Hash);
        Assert.NotEqual(hash, ParameterLayout.Of(other).Hash);
    }
}
