using System.Globalization;
using System.Text;

namespace Distributed.Cluster.Monitoring;

/// <summary>One line of a chart.</summary>
/// <param name="Name">What the legend calls it.</param>
/// <param name="Colour">An SVG colour.</param>
/// <param name="Points">Places in the chart's units; those that are not finite leave a gap.</param>
/// <param name="Marked">Whether every point gets a dot.</param>
internal sealed record Curve(string Name, string Colour, IReadOnlyList<(double X, double Y)> Points, bool Marked);

/// <summary>A chart: some lines over one axis of steps.</summary>
internal sealed record Chart(string Title, IReadOnlyList<Curve> Curves);

/// <summary>
/// Draws charts below each other as one SVG picture, which every browser shows, without a chart library: what trains need not have one.
/// </summary>
internal static class CurvesSvg
{
    private const int Width = 860;
    private const int ChartHeight = 300;
    private const int Left = 70;
    private const int Right = 20;
    private const int Top = 40;
    private const int Bottom = 40;

    /// <summary>More points than this are thinned to the means of equal spans: a picture has no more columns.</summary>
    private const int MostPoints = 400;

    /// <summary>The picture; charts without a finite point are left out.</summary>
    public static string Draw(string title, IEnumerable<Chart> charts)
    {
        var drawn = charts.Where(chart => Finite(chart).Any()).ToArray();
        var height = 30 + (drawn.Length * ChartHeight);
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{height}\" viewBox=\"0 0 {Width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n");
        svg.Append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        Text(svg, Width / 2, 20, title, "middle", "font-weight=\"bold\"");
        for (var i = 0; i < drawn.Length; i++)
            Draw(svg, drawn[i], 30 + (i * ChartHeight));
        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>Means of equal spans of the points, where there are too many of them.</summary>
    internal static IReadOnlyList<(double X, double Y)> Thin(IReadOnlyList<(double X, double Y)> points)
    {
        var span = (points.Count + MostPoints - 1) / MostPoints;
        return span <= 1 ? points : [.. points.Chunk(span).Select(part => (part[^1].X, part.Average(point => point.Y)))];
    }

    /// <summary>Round values that divide [<paramref name="least"/>, <paramref name="most"/>] into about five parts.</summary>
    internal static IReadOnlyList<double> Ticks(double least, double most)
    {
        var rough = (most - least) / 5;
        var unit = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        var step = new[] { 1, 2, 5, 10 }.First(factor => factor * unit >= rough * 0.999) * unit;
        var first = Math.Ceiling((least / step) - 1e-9);
        return [.. Enumerable.Range(0, 12).Select(i => (first + i) * step).TakeWhile(tick => tick <= most + (step * 1e-9))];
    }

    private static IEnumerable<(double X, double Y)> Finite(Chart chart) =>
        chart.Curves.SelectMany(curve => curve.Points).Where(point => double.IsFinite(point.Y));

    private static void Draw(StringBuilder svg, Chart chart, int offset)
    {
        var points = Finite(chart).ToArray();
        var (minX, maxX) = Range(points.Select(point => point.X));
        var (minY, maxY) = Range(chart.Curves.SelectMany(curve => Thin(curve.Points)).Select(point => point.Y).Where(double.IsFinite));
        double X(double value) => Left + ((value - minX) / (maxX - minX) * (Width - Left - Right));
        double Y(double value) => offset + ChartHeight - Bottom - ((value - minY) / (maxY - minY) * (ChartHeight - Top - Bottom));

        Text(svg, Left, offset + 18, chart.Title, "start", "font-weight=\"bold\"");
        foreach (var tick in Ticks(minY, maxY))
        {
            Line(svg, Left, Y(tick), Width - Right, Y(tick), "#ddd");
            Text(svg, Left - 6, Y(tick) + 4, Number(tick), "end");
        }

        foreach (var tick in Ticks(minX, maxX))
        {
            Line(svg, X(tick), Y(minY), X(tick), Y(minY) + 4, "#888");
            Text(svg, X(tick), Y(minY) + 18, Number(tick), "middle");
        }

        Line(svg, Left, Y(minY), Width - Right, Y(minY), "#888");
        Text(svg, Width - Right, Y(minY) + 32, "step", "end");
        for (var i = 0; i < chart.Curves.Count; i++)
        {
            var curve = chart.Curves[i];
            var place = Width - Right - (120 * (chart.Curves.Count - i));
            Line(svg, place, offset + 14, place + 18, offset + 14, curve.Colour, 2);
            Text(svg, place + 24, offset + 18, curve.Name, "start");
            var shown = Thin(curve.Points).Where(point => double.IsFinite(point.Y)).ToArray();
            svg.Append("<polyline fill=\"none\" stroke-width=\"1.5\" stroke=\"").Append(curve.Colour).Append("\" points=\"")
                .AppendJoin(' ', shown.Select(point => $"{Place(X(point.X))},{Place(Y(point.Y))}")).Append("\"/>\n");
            if (curve.Marked)
                foreach (var (x, y) in shown)
                    svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{Place(X(x))}\" cy=\"{Place(Y(y))}\" r=\"2.5\" fill=\"{curve.Colour}\"/>\n");
        }
    }

    private static (double Least, double Most) Range(IEnumerable<double> values)
    {
        var (least, most) = (values.Min(), values.Max());
        // A single value gets some room around it.
        var room = most > least ? 0 : Math.Max(1e-9, Math.Abs(most) * 0.1);
        return (least - room, most + room);
    }

    private static void Line(StringBuilder svg, double x1, double y1, double x2, double y2, string colour, int width = 1) =>
        svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{Place(x1)}\" y1=\"{Place(y1)}\" x2=\"{Place(x2)}\" y2=\"{Place(y2)}\" stroke=\"{colour}\" stroke-width=\"{width}\"/>\n");

    private static void Text(StringBuilder svg, double x, double y, string text, string anchor, string more = "") =>
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Place(x)}\" y=\"{Place(y)}\" text-anchor=\"{anchor}\" {more}>{System.Security.SecurityElement.Escape(text)}</text>\n");

    private static string Place(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

    private static string Number(double value) => value.ToString("G4", CultureInfo.InvariantCulture);
}
