using Distributed.Cli.Terminal;

namespace Distributed.Cli.Tests.Terminal;

public class FiguresTests
{
    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.0813, "0.0813")]
    [InlineData(2.30259, "2.3026")]
    [InlineData(1.2e-6, "1.2e-06")]
    [InlineData(123.456, "123.5")]
    [InlineData(12345678, "1.23e+07")]
    [InlineData(-2.5, "-2.5000")]
    [InlineData(double.NaN, "NaN")]
    public void A_loss_shows_the_digits_that_tell_something(double value, string text) => Assert.Equal(text, Figures.Loss(value));

    [Theory]
    [InlineData(0.04, "0.0 s")]
    [InlineData(4.24, "4.2 s")]
    [InlineData(9.96, "10 s")]
    [InlineData(59.6, "1 min 00 s")]
    [InlineData(185, "3 min 05 s")]
    [InlineData(7620, "2 h 07 min")]
    [InlineData(-1, "?")]
    [InlineData(double.PositiveInfinity, "?")]
    public void A_time_has_the_two_units_that_matter(double seconds, string text) => Assert.Equal(text, Figures.Duration(seconds));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(1000, "1.0 kB")]
    [InlineData(12_345_678, "12.3 MB")]
    [InlineData(999_600_000, "1.0 GB")]
    [InlineData(4e15, "4000 TB")]
    public void Bytes_are_decimal(double bytes, string text) => Assert.Equal(text, Figures.Bytes(bytes));

    [Fact]
    public void Shares_counts_and_milliseconds_are_short()
    {
        Assert.Equal("98.1 %", Figures.Percent(0.98149));
        Assert.Equal("98.15 %", Figures.Percent(0.98149, 2));
        Assert.Equal("9,812", Figures.Count(9811.7));
        Assert.Equal("12.3", Figures.Milliseconds(12.34));
        Assert.Equal("120", Figures.Milliseconds(120.4));
    }
}
