using Distributed.Cluster.Coordination;

namespace Distributed.Cluster.Tests.Coordination;

public class ThinnedValuesTests
{
    [Fact]
    public void None_have_no_quantile() => Assert.Equal(0, new ThinnedValues().Quantile(0.5, 5));

    [Theory]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    public void What_is_dropped_is_every_second_one(int most)
    {
        var values = new ThinnedValues(most);
        for (var i = 0; i < 1000; i++)
            values.Add(i);
        Assert.Equal(0, values.Quantile(0, 0));
        Assert.InRange(values.Quantile(0.5, 0), 350, 650);
        Assert.InRange(values.Quantile(1, 0), 750, 999);
    }

    [Fact]
    public void Quantiles_of_a_million_values_are_near_those_of_all()
    {
        var values = new ThinnedValues();
        // Each of 0 to 999,999 once, in an order of its own.
        for (var i = 0L; i < 1_000_000; i++)
            values.Add(i * 611_953 % 1_000_000);
        Assert.InRange(values.Quantile(0.5, 5), 490_000, 510_000);
        Assert.InRange(values.Quantile(0.95, 5), 945_000, 955_000);
    }
}
