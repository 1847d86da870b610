using System.Xml.Linq;
using Distributed.Cluster.Coordination;
using Distributed.Cluster.Monitoring;
using Distributed.Learning;

namespace Distributed.Cluster.Tests.Monitoring;

public sealed class CurvesSvgTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void A_run_is_drawn_as_a_picture_with_a_line_for_each_curve()
    {
        var history = new RunHistory(0);
        for (var step = 0; step < 1000; step++)
            history.Add(new StepRecord(step, 8, 1.0 / (step + 1), null, 1, 1, 1, 1));
        history.Add(new Evaluation(500, 10, 0.5, 0.8));
        history.Add(new Evaluation(1000, 10, 0.4, 0.9));

        var picture = XDocument.Parse(CurvesSvg.Draw("a<b", RunCurves.Of(history))).Root!;

        Assert.Equal("a<b", picture.Elements(Svg + "text").First().Value);
        var lines = picture.Elements(Svg + "polyline").Select(line => line.Attribute("points")!.Value.Split(' ').Length).ToArray();
        // Training loss (thinned), test loss, accuracy.
        Assert.Equal([334, 2, 2], lines);
    }

    [Fact]
    public void What_is_not_finite_leaves_a_gap()
    {
        var chart = new Chart("loss", [new Curve("training", "red", [(1, 2), (2, double.NaN), (3, double.PositiveInfinity)], Marked: false)]);
        var nothing = new Chart("none", [new Curve("test", "red", [(1, double.NaN)], Marked: true)]);

        var picture = XDocument.Parse(CurvesSvg.Draw("run", [chart, nothing])).Root!;

        var line = Assert.Single(picture.Elements(Svg + "polyline"));
        Assert.Single(line.Attribute("points")!.Value.Split(' '));
        Assert.DoesNotContain("NaN", picture.ToString());
    }

    [Theory]
    [InlineData(0, 1, new[] { 0, 0.2, 0.4, 0.6, 0.8, 1 })]
    [InlineData(3, 97, new[] { 20.0, 40, 60, 80 })]
    [InlineData(-1, 1, new[] { -1, -0.5, 0, 0.5, 1 })]
    public void Ticks_are_round(double least, double most, double[] expected) =>
        Assert.Equal(expected, CurvesSvg.Ticks(least, most), (a, b) => Math.Abs(a - b) < 1e-9);
}
