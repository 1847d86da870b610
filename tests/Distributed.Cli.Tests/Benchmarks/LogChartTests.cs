using System.Xml.Linq;
using Distributed.Cli.Benchmarks;

namespace Distributed.Cli.Tests.Benchmarks;

public class LogChartTests
{
    [Theory]
    [InlineData(new[] { 0.02, 7 }, -2, 1)]
    [InlineData(new[] { 4000.0, 4e8 }, 3, 9)]
    [InlineData(new[] { 100.0 }, 2, 3)]
    public void An_axis_spans_whole_powers_of_ten(double[] values, int least, int most) => Assert.Equal((least, most), LogChart.Powers(values));

    [Fact]
    public void Every_line_is_drawn_and_named()
    {
        var picture = XDocument.Parse(LogChart.Draw("a < b", "bytes", "ms", [new("exchange", [(100, 0.1), (10_000, 10)]), new("limit", [(100, 0.1), (10_000, 1)])]));
        XNamespace svg = "http://www.w3.org/2000/svg";
        // From the lower left corner to the upper right one: the exchange spans both axes.
        Assert.Equal(["70,410 570,40", "70,410 570,225"], picture.Descendants(svg + "polyline").Select(line => line.Attribute("points")!.Value));
        var texts = picture.Descendants(svg + "text").Select(text => text.Value).ToArray();
        foreach (var text in (string[])["a < b", "bytes", "ms", "exchange", "limit", "0.1", "10,000"]) Assert.Contains(text, texts);
    }
}
