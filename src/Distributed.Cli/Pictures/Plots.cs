using Distributed.Cluster.Monitoring;
using Distributed.Learning;
using ScottPlot;

namespace Distributed.Cli.Pictures;

/// <summary>Figures of runs and evaluations drawn as PNG by a chart library.</summary>
internal static class Plots
{
    private const int Width = 900;
    private const int ChartHeight = 320;
    private const int Side = 640;

    /// <summary>More classes are too small to be read in a picture.</summary>
    public const int MostClasses = 100;

    // A number fits into its cell up to here.
    private const int MostNumbers = 20;
    private const int MostCurves = 10;

    /// <summary>Charts below each other, as curves.svg has them.</summary>
    /// <param name="title">What stands above the first.</param>
    /// <param name="charts">The charts; those without a finite point are left out, and without any there is no picture.</param>
    public static byte[]? Curves(string title, IReadOnlyList<Chart> charts)
    {
        var drawn = charts.Where(chart => chart.Curves.Any(curve => curve.Points.Any(point => double.IsFinite(point.Y)))).ToArray();
        if (drawn.Length == 0) return null;
        var sheet = new Multiplot();
        sheet.AddPlots(drawn.Length);
        for (var i = 0; i < drawn.Length; i++)
        {
            var plot = sheet.GetPlot(i);
            plot.Title(i == 0 ? $"{title}: {drawn[i].Title}" : drawn[i].Title);
            plot.XLabel("step");
            foreach (var curve in drawn[i].Curves)
                Line(plot, curve.Name, [.. CurvesSvg.Thin(curve.Points).Where(point => double.IsFinite(point.Y))], Color.FromHex(curve.Colour), curve.Marked);
            plot.ShowLegend(Edge.Right);
        }

        return Png(sheet, Width, drawn.Length * ChartHeight);
    }

    /// <summary>A confusion matrix: each row's shares as shades, and the counts where they can be read.</summary>
    /// <param name="confusion">Samples by true class (rows) and predicted class (columns), square.</param>
    /// <param name="names">What the classes are called; numbers where it is empty.</param>
    public static byte[] Confusion(long[][] confusion, IReadOnlyList<string> names)
    {
        using var plot = new Plot();
        var classes = confusion.Length;
        var shares = new double[classes, classes];
        for (var row = 0; row < classes; row++)
            for (var column = 0; column < classes; column++)
            {
                shares[row, column] = confusion[row][column] / (double)Math.Max(1, confusion[row].Sum());
                if (classes > MostNumbers || confusion[row][column] == 0) continue;
                // Row 0 is drawn at the top.
                var text = plot.Add.Text($"{confusion[row][column]}", column, classes - 1 - row);
                text.LabelAlignment = Alignment.MiddleCenter;
                text.LabelFontColor = shares[row, column] > 0.5 ? Colors.White : Colors.Black;
            }

        var shades = plot.Add.Heatmap(shares);
        shades.Colormap = new ScottPlot.Colormaps.Blues().Reversed();
        shades.ManualRange = new ScottPlot.Range(0, 1);
        plot.MoveToBottom(shades);
        plot.Axes.Bottom.SetTicks([.. Enumerable.Range(0, classes).Select(c => (double)c)], [.. Enumerable.Range(0, classes).Select(Name)]);
        plot.Axes.Left.SetTicks([.. Enumerable.Range(0, classes).Select(c => (double)(classes - 1 - c))], [.. Enumerable.Range(0, classes).Select(Name)]);
        plot.XLabel("predicted");
        plot.YLabel("true");
        plot.HideGrid();
        plot.Axes.SetLimits(-0.5, classes - 0.5, -0.5, classes - 0.5);
        return plot.GetImageBytes(Side, Side, ImageFormat.Png);

        string Name(int number) => number < names.Count ? names[number] : $"{number}";
    }

    /// <summary>The same with numbers for names; null where there are too many classes to see.</summary>
    public static byte[]? Confusion(long[][] confusion) => confusion.Length <= MostClasses ? Confusion(confusion, []) : null;

    /// <summary>The receiver operating characteristic of each class beside its precision against recall.</summary>
    /// <param name="curves">Classes with their curves; the first few are drawn.</param>
    /// <param name="names">What the classes are called; numbers where it is empty.</param>
    public static byte[] Ranks(IReadOnlyList<(int Class, RankCurves Curves)> curves, IReadOnlyList<string> names)
    {
        var sheet = new Multiplot { Layout = new ScottPlot.MultiplotLayouts.Columns() };
        sheet.AddPlots(2);
        var (roc, precisionRecall) = (sheet.GetPlot(0), sheet.GetPlot(1));
        Axes(roc, "receiver operating characteristic", "false positives, a share of the negatives", "true positives, a share of the positives");
        Axes(precisionRecall, "precision and recall", "recall", "precision");
        var palette = new ScottPlot.Palettes.Category10();
        foreach (var ((number, each), i) in curves.Take(MostCurves).Select((each, i) => (each, i)))
        {
            var name = number < names.Count ? names[number] : $"{number}";
            Line(roc, name, each.Roc, palette.GetColor(i), marked: false);
            Line(precisionRecall, FormattableString.Invariant($"{name} (average {each.AveragePrecision:F3})"), each.PrecisionRecall, palette.GetColor(i), marked: false);
        }

        roc.ShowLegend(Alignment.LowerRight);
        precisionRecall.ShowLegend(Alignment.LowerLeft);
        return Png(sheet, 2 * Side, Side);
    }

    private static byte[] Png(Multiplot sheet, int width, int height)
    {
        using var image = sheet.Render(width, height);
        foreach (var plot in sheet.GetPlots()) plot.Dispose();
        return image.GetImageBytes(ImageFormat.Png);
    }

    private static void Axes(Plot plot, string title, string x, string y)
    {
        plot.Title(title);
        plot.XLabel(x);
        plot.YLabel(y);
        plot.Axes.SetLimits(-0.02, 1.02, -0.02, 1.02);
    }

    private static void Line(Plot plot, string name, IReadOnlyList<(double X, double Y)> points, Color colour, bool marked)
    {
        var line = plot.Add.Scatter([.. points.Select(point => point.X)], points.Select(point => point.Y).ToArray(), colour);
        line.LegendText = name;
        line.LineWidth = 2;
        line.MarkerSize = marked ? 6 : 0;
    }
}
