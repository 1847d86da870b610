using System.Globalization;
using System.Text;

namespace Distributed.Learning;

/// <summary>Draws a range test as a picture: loss over the logarithm of the learning rate, and the suggestion.</summary>
public static class RangeTestPlot
{
    private const double Width = 720;
    private const double Height = 420;
    private const double Left = 70;
    private const double Right = 20;
    private const double Top = 40;
    private const double Bottom = 50;

    /// <summary>The picture as SVG.</summary>
    /// <param name="result">At least two steps.</param>
    /// <param name="title">What was tested.</param>
    public static string Draw(RangeTestResult result, string title)
    {
        var steps = result.Steps;
        var (low, high) = (Math.Log10(steps[0].LearningRate), Math.Log10(steps[^1].LearningRate));
        // Single batches may lie far above what matters.
        var bottom = steps.Min(step => step.Smoothed);
        var top = Math.Max(bottom + 1e-9, steps.Max(step => step.Smoothed));
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" font-family="sans-serif" font-size="12">
            <rect width="{Width}" height="{Height}" fill="white"/>
            <text x="{Width / 2}" y="22" text-anchor="middle" font-size="15">{System.Security.SecurityElement.Escape(title)}</text>
            <text x="{Width / 2}" y="{Height - 10}" text-anchor="middle">learning rate</text>

            """);
        for (var power = (int)Math.Ceiling(low); power <= high; power++)
            svg.Append(CultureInfo.InvariantCulture, $"""
                <line x1="{X(power):F1}" y1="{Top}" x2="{X(power):F1}" y2="{Height - Bottom}" stroke="#ddd"/>
                <text x="{X(power):F1}" y="{Height - Bottom + 18}" text-anchor="middle">1e{power}</text>

                """);
        for (var mark = 0; mark <= 4; mark++)
        {
            var loss = bottom + (top - bottom) * mark / 4;
            svg.Append(CultureInfo.InvariantCulture, $"""
                <line x1="{Left}" y1="{Y(loss):F1}" x2="{Width - Right}" y2="{Y(loss):F1}" stroke="#ddd"/>
                <text x="{Left - 8}" y="{Y(loss) + 4:F1}" text-anchor="end">{loss:G4}</text>

                """);
        }
        Line(step => step.Loss, "#bbb", 1);
        Line(step => step.Smoothed, "#1f77b4", 2);
        if (result.Suggestion is { } rate)
            svg.Append(CultureInfo.InvariantCulture, $"""
                <line x1="{X(Math.Log10(rate)):F1}" y1="{Top}" x2="{X(Math.Log10(rate)):F1}" y2="{Height - Bottom}" stroke="#d62728" stroke-dasharray="4"/>
                <text x="{X(Math.Log10(rate)) + 6:F1}" y="{Top + 14}" fill="#d62728">{rate:G3}</text>

                """);
        return svg.Append("</svg>\n").ToString();

        double X(double power) => Left + (power - low) / (high - low) * (Width - Left - Right);

        double Y(double loss) => Top + (top - Math.Clamp(loss, bottom, top)) / (top - bottom) * (Height - Top - Bottom);

        void Line(Func<RangeTestStep, double> of, string colour, int thickness)
        {
            var points = steps.Select(step => string.Create(CultureInfo.InvariantCulture, $"{X(Math.Log10(step.LearningRate)):F1},{Y(of(step)):F1}"));
            svg.Append(CultureInfo.InvariantCulture, $"""<polyline points="{string.Join(' ', points)}" fill="none" stroke="{colour}" stroke-width="{thickness}"/>""").Append('\n');
        }
    }
}
