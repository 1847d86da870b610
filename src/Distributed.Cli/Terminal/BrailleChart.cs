using System.Text;
using Distributed.Cluster.Monitoring;

namespace Distributed.Cli.Terminal;

/// <summary>Curves over steps in characters of two by four dots: a pure function.</summary>
internal static class BrailleChart
{
    // The bits of a character's dots, by column and row from the top.
    private static readonly byte[,] Bits = { { 0x01, 0x02, 0x04, 0x40 }, { 0x08, 0x10, 0x20, 0x80 } };

    /// <summary>The lines of the chart as markup, with the highest and lowest value at the left. Empty where no curve has two points.</summary>
    /// <param name="curves">Each with the colour of its dots; where two meet, the later one's shows.</param>
    /// <param name="width">Characters of a line.</param>
    /// <param name="height">Lines.</param>
    public static IReadOnlyList<string> Draw(IReadOnlyList<(CurvePoint[] Points, string Colour)> curves, int width, int height)
    {
        var points = curves.Where(curve => curve.Points.Length > 1).SelectMany(curve => curve.Points).ToArray();
        if (points.Length == 0 || height < 1) return [];
        var (low, high) = (points.Min(point => point.Value), points.Max(point => point.Value));
        var (first, last) = (points.Min(point => point.Step), points.Max(point => point.Step));
        var labels = new[] { Figures.Loss(high), Figures.Loss(low) };
        var labelWidth = labels.Max(label => label.Length);
        var columns = width - labelWidth - 1;
        if (columns < 1) return [];
        var dots = new byte[columns, height];
        var colours = new string[columns, height];
        foreach (var (curve, colour) in curves)
            if (curve.Length > 1)
                Trace(curve, 2 * columns, 4 * height, first, Math.Max(last - first, 1e-9), low, Math.Max(high - low, 1e-12), (x, y) =>
                {
                    dots[x / 2, y / 4] |= Bits[x % 2, y % 4];
                    colours[x / 2, y / 4] = colour;
                });

        return [.. Enumerable.Range(0, height).Select(row => Line(dots, colours, row, Label(row).PadLeft(labelWidth)))];

        string Label(int row) => row == 0 ? labels[0] : row == height - 1 ? labels[1] : "";
    }

    private static void Trace(
        CurvePoint[] points, int columns, int rows, double first, double width, double low, double range, Action<int, int> dot)
    {
        int X(CurvePoint point) => Math.Clamp((int)((point.Step - first) / width * columns), 0, columns - 1);
        int Y(double value) => Math.Clamp((int)Math.Round((1 - ((value - low) / range)) * (rows - 1)), 0, rows - 1);
        for (var i = 1; i < points.Length; i++)
        {
            var (from, to) = (X(points[i - 1]), X(points[i]));
            var before = Y(points[i - 1].Value);
            for (var x = from; x <= to; x++)
            {
                // A column's dots reach from the height that the line comes from to the one that it goes to.
                var share = to == from ? 1 : (double)(x - from) / (to - from);
                var here = Y(points[i - 1].Value + (share * (points[i].Value - points[i - 1].Value)));
                for (var y = Math.Min(before, here); y <= Math.Max(before, here); y++) dot(x, y);
                before = here;
            }
        }
    }

    private static string Line(byte[,] dots, string[,] colours, int row, string label)
    {
        var line = new StringBuilder($"[grey]{label}[/] ");
        string? open = null;
        for (var x = 0; x < dots.GetLength(0); x++)
        {
            var colour = dots[x, row] == 0 ? null : colours[x, row];
            if (colour != open)
            {
                if (open is not null) line.Append("[/]");
                if (colour is not null) line.Append('[').Append(colour).Append(']');
                open = colour;
            }

            line.Append(dots[x, row] == 0 ? ' ' : (char)(0x2800 + dots[x, row]));
        }

        return open is null ? line.ToString() : line.Append("[/]").ToString();
    }
}
