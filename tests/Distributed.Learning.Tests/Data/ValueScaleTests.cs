using FsCheck.Xunit;

namespace Distributed.Learning.Tests;

public sealed class ValueScaleTests
{
    [Fact]
    public void Standardised_values_have_mean_0_and_variance_1()
    {
        double[] values = [3, 5, 10, 18];
        var scale = ValueScale.Standardising(values);
        double[] standardised = [.. values.Select(scale.FromUnits)];

        Assert.Equal(0, standardised.Average(), 1e-12);
        Assert.Equal(1, standardised.Average(value => value * value), 1e-12);
    }

    [Theory]
    [InlineData(0.1, 0.1, 0.1)]
    [InlineData(0, 0, 0)]
    [InlineData(-1e9, -1e9, -1e9)]
    public void Equal_values_become_0(params double[] values) =>
        Assert.All(values, value => Assert.Equal(0, ValueScale.Standardising(values).FromUnits(value), 1e-6));

    [Property]
    public void The_way_back_leads_back(int value, int offset, ushort scale)
    {
        var way = new ValueScale(scale + 1, offset);

        Assert.Equal(value, way.ToUnits(way.FromUnits(value)), 1e-3);
    }
}
