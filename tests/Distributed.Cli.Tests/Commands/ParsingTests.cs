using System.CommandLine;
using Distributed.Cli.Commands;

namespace Distributed.Cli.Tests.Commands;

public class ParsingTests
{
    [Theory]
    [InlineData("10.0.0.5:4053", true)]
    [InlineData("head:1", true)]
    [InlineData("head", false)]
    [InlineData(":4053", false)]
    [InlineData("head:0", false)]
    [InlineData("head:65536", false)]
    [InlineData("head:-1", false)]
    [InlineData("head:4053x", false)]
    public void An_address_is_a_host_and_a_port(string text, bool good) => Assert.Equal(good ? null : "HOST:PORT", Parsing.CheckAddress(text));

    [Theory]
    [InlineData("a=1", true)]
    [InlineData("a.b=", true)]
    [InlineData("a=b=c", true)]
    [InlineData("a", false)]
    [InlineData("=1", false)]
    [InlineData("", false)]
    public void An_assignment_has_a_path(string text, bool good) => Assert.Equal(good, Parsing.CheckAssignment(text) is null);

    [Theory]
    [InlineData("3", 3)]
    [InlineData("1", 1)]
    [InlineData("8", 8)]
    [InlineData("0", null)]
    [InlineData("9", null)]
    [InlineData("1e1", null)]
    [InlineData("٣", null)]
    public void A_whole_number_lies_within_its_bounds(string text, int? expected)
    {
        var option = Parsing.WholeNumber("--n", "N", 1, 8, "a number");
        var parsed = new RootCommand { option }.Parse(["--n", text]);
        if (expected is not null) Assert.Equal(expected, parsed.GetValue(option));
        else Assert.Equal($"--n: expected a whole number from 1 to 8, got '{text}'", Assert.Single(parsed.Errors).Message);
    }

    [Fact]
    public void Several_values_are_all_checked_and_kept_in_order()
    {
        var option = Parsing.Several("--set", "path=value", "sets", Parsing.CheckAssignment);
        var parsed = new RootCommand { option }.Parse(["--set", "b=1", "--set", "a=2"]);
        Assert.Equal(["b=1", "a=2"], parsed.GetValue(option)!);
        Assert.Equal(2, new RootCommand { option }.Parse(["--set", "b", "--set", "a"]).Errors.Count);
    }

    [Fact]
    public void A_text_is_not_empty()
    {
        var option = Parsing.Text("--out", "DIR", "a folder");
        Assert.Equal("--out: expected DIR, got nothing", Assert.Single(new RootCommand { option }.Parse(["--out", ""]).Errors).Message);
    }
}
