using System.Globalization;
using System.Text;

namespace Distributed.Cli.Benchmarks;

/// <summary>A line of a <see cref="LogChart"/>: places above 0 in the chart's units.</summary>
/// <param name="Name">What the legend calls it.</param>
/// <param name="Points">From left to right.</param>
internal sealed record ChartLine(string Name, IReadOnlyList<(double X, double Y)> Points);

/// <summary>Draws lines over two logarithmic axes as SVG: what benchmarks measure spans many powers of ten.</summary>
internal static class LogChart
{
    private const double Width = 760;
    private const double Height = 460;
    private const double Left = 70;
    private const double Right = 190;
    private const double Top = 40;
    private const double Bottom = 50;

    private static readonly string[] Colours = ["#1f77b4", "#888888", "#bbbbbb", "#ff7f0e", "#2ca02c", "#9467bd"];

    /// <summary>The picture.</summary>
    /// <param name="title">What it shows.</param>
    /// <param name="across">The unit of X.</param>
    /// <param name="up">The unit of Y.</param>
    /// <param name="lines">The lines, the most important first; at least one point.</param>
    public static string Draw(string title, string across, string up, IReadOnlyList<ChartLine> lines)
    {
        var points = lines.SelectMany(line => line.Points).ToArray();
        var (left, right) = Powers(points.Select(point => point.X));
        var (low, high) = Powers(points.Select(point => point.Y));
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" font-family="sans-serif" font-size="12">
            <rect width="{Width}" height="{Height}" fill="white"/>
            <text x="{Left}" y="22" font-size="15">{Escaped(title)}</text>
            <text x="{Left + ((Width - Left - Right) / 2)}" y="{Height - 10}" text-anchor="middle">{Escaped(across)}</text>
            <text x="{Left - 8}" y="{Top - 6}" text-anchor="end">{Escaped(up)}</text>

            """);
        for (var power = left; power <= right; power++)
            Line(X(power), Top, X(power), Height - Bottom, $"<text x=\"{Place(X(power))}\" y=\"{Place(Height - Bottom + 18)}\" text-anchor=\"middle\">{Number(power)}</text>");
        for (var power = low; power <= high; power++)
            Line(Left, Y(power), Width - Right, Y(power), $"<text x=\"{Place(Left - 8)}\" y=\"{Place(Y(power) + 4)}\" text-anchor=\"end\">{Number(power)}</text>");
        for (var i = 0; i < lines.Count; i++)
        {
            var (colour, width) = (Colours[i % Colours.Length], i == 0 ? 2.5 : 1.5);
            var places = lines[i].Points.Select(point => (X: Place(X(Math.Log10(point.X))), Y: Place(Y(Math.Log10(point.Y))))).ToArray();
            svg.Append(CultureInfo.InvariantCulture, $"<polyline points=\"{string.Join(' ', places.Select(place => $"{place.X},{place.Y}"))}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"/>\n");
            foreach (var (x, y) in places) svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{x}\" cy=\"{y}\" r=\"3\" fill=\"{colour}\"/>\n");
            var legend = Top + 10 + (i * 20);
            svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{Width - Right + 20}\" cy=\"{legend - 4}\" r=\"4\" fill=\"{colour}\"/>\n");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Width - Right + 30}\" y=\"{legend}\">{Escaped(lines[i].Name)}</text>\n");
        }

        return svg.Append("</svg>\n").ToString();

        double X(double power) => Left + ((power - left) / (right - left) * (Width - Left - Right));

        double Y(double power) => Height - Bottom - ((power - low) / (high - low) * (Height - Top - Bottom));

        void Line(double x1, double y1, double x2, double y2, string label) => svg.Append(CultureInfo.InvariantCulture,
            $"<line x1=\"{Place(x1)}\" y1=\"{Place(y1)}\" x2=\"{Place(x2)}\" y2=\"{Place(y2)}\" stroke=\"#ddd\"/>{label}\n");
    }

    /// <summary>The whole powers of ten around some values, at least one apart.</summary>
    internal static (int Least, int Most) Powers(IEnumerable<double> values)
    {
        var logs = values.Select(Math.Log10).ToArray();
        var least = (int)Math.Floor(logs.Min());
        return (least, Math.Max(least + 1, (int)Math.Ceiling(logs.Max())));
    }

    private static string Place(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

    private static string Number(int power) => Math.Pow(10, power).ToString("#,0.######", CultureInfo.InvariantCulture);

    private static string Escaped(string text) => System.Security.SecurityElement.Escape(text);
}
