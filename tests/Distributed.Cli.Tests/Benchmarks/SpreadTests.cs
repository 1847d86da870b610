using Distributed.Cli.Benchmarks;

namespace Distributed.Cli.Tests.Benchmarks;

public class SpreadTests
{
    [Fact]
    public void An_odd_count_has_its_middle_as_median() => Assert.Equal(new Spread(3, 1.4, 4.6, 1), Rounded(Spread.Of([5, 1, 4, 2, 3])));

    [Fact]
    public void An_even_count_has_the_mean_of_its_middle_as_median() => Assert.Equal(2.5, Spread.MedianOf([4, 1, 3, 2]));

    [Fact]
    public void One_value_is_its_own_spread() => Assert.Equal(new Spread(7, 7, 7, 7), Spread.Of([7]));

    [Fact]
    public void Nothing_has_no_spread() => Assert.Throws<ArgumentException>(() => Spread.Of([]));

    [Fact]
    public void One_odd_time_moves_neither_the_median_nor_the_tenths()
    {
        var usual = Spread.Of(Enumerable.Repeat(2.0, 20));
        var disturbed = Spread.Of([.. Enumerable.Repeat(2.0, 19), 1000]);
        Assert.Equal(usual, disturbed);
    }

    private static Spread Rounded(Spread spread) =>
        new(Math.Round(spread.Median, 9), Math.Round(spread.P10, 9), Math.Round(spread.P90, 9), Math.Round(spread.Min, 9));
}
