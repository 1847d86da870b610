using Distributed.Cli.Benchmarks;

namespace Distributed.Cli.Tests.Benchmarks;

public class BenchSizeTests
{
    [Theory]
    [InlineData("4KB", 1000)]
    [InlineData("4kb", 1000)]
    [InlineData("64B", 16)]
    [InlineData("400MB", 100_000_000)]
    [InlineData("4GB", 1_000_000_000)]
    [InlineData("535818", 535_818)]
    public void A_size_is_bytes_with_a_unit_or_parameters(string text, long parameters) =>
        Assert.Equal(parameters, Assert.Single(BenchSize.ParseList(text)!).Parameters);

    [Fact]
    public void A_list_keeps_its_order() => Assert.Equal([10_020_874, 1000], BenchSize.ParseList("10020874, 4KB")!.Select(size => size.Parameters));

    [Theory]
    [InlineData("")]
    [InlineData("KB")]
    [InlineData("4KB,")]
    [InlineData("-4KB")]
    [InlineData("4.5KB")]
    [InlineData("66B")]
    [InlineData("60B")]
    [InlineData("15")]
    [InlineData("16777217")]
    [InlineData("5GB")]
    [InlineData("1000000001")]
    [InlineData("99999999999999999999")]
    [InlineData("9223372036854775807GB")]
    [InlineData("4TB")]
    [InlineData("big")]
    public void Whatever_else_is_none(string text) => Assert.Null(BenchSize.ParseList(text));
}
