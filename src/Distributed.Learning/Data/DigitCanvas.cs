namespace Distributed.Learning;

/// <summary>A small grey image that strokes are drawn on, anti-aliased: white ink on black.</summary>
internal sealed class DigitCanvas
{
    /// <summary>Pixels on each side.</summary>
    public const int Side = 28;

    // A curve between two points is drawn as so many straight pieces.
    private const int PiecesPerCurve = 6;

    // 0 to 1 for each pixel, row by row.
    private readonly float[] ink = new float[Side * Side];

    /// <summary>Makes everything black.</summary>
    public void Clear() => Array.Clear(ink);

    /// <summary>Draws straight pieces between points, in pixels.</summary>
    public void Polyline(ReadOnlySpan<(double X, double Y)> points, double thickness, double brightness)
    {
        for (var i = 1; i < points.Length; i++) Segment(points[i - 1], points[i], thickness, brightness);
    }

    /// <summary>Draws a curve that runs through all points (a Catmull-Rom spline), in pixels.</summary>
    public void Curve(ReadOnlySpan<(double X, double Y)> points, double thickness, double brightness)
    {
        var from = points[0];
        for (var i = 1; i < points.Length; i++)
        {
            var before = points[Math.Max(0, i - 2)];
            var after = points[Math.Min(points.Length - 1, i + 1)];
            for (var piece = 1; piece <= PiecesPerCurve; piece++)
            {
                var t = (double)piece / PiecesPerCurve;
                var to = (
                    Spline(before.X, points[i - 1].X, points[i].X, after.X, t),
                    Spline(before.Y, points[i - 1].Y, points[i].Y, after.Y, t));
                Segment(from, to, thickness, brightness);
                from = to;
            }
        }
    }

    /// <summary>
    /// Writes the image as bytes, each with noise added to a share of the pixels.
    /// </summary>
    /// <param name="bytes">Side × Side bytes, row by row.</param>
    /// <param name="noise">The deviation of the noise in units of full brightness.</param>
    /// <param name="random">Where the noise comes from.</param>
    public void Develop(Span<byte> bytes, double noise, Xoshiro256 random)
    {
        for (var i = 0; i < ink.Length; i++)
            bytes[i] = (byte)Math.Round(255 * Math.Clamp(ink[i] + noise * random.Bell(), 0, 1));
    }

    // Ink of a piece covers a pixel as far as the pixel's middle lies within half the thickness of it; where pieces overlap, the
    // stronger ink counts, so that joints do not show.
    private void Segment((double X, double Y) a, (double X, double Y) b, double thickness, double brightness)
    {
        var reach = thickness / 2 + 0.5;
        var left = Math.Max(0, (int)Math.Floor(Math.Min(a.X, b.X) - reach));
        var right = Math.Min(Side - 1, (int)Math.Ceiling(Math.Max(a.X, b.X) + reach));
        var top = Math.Max(0, (int)Math.Floor(Math.Min(a.Y, b.Y) - reach));
        var bottom = Math.Min(Side - 1, (int)Math.Ceiling(Math.Max(a.Y, b.Y) + reach));
        double dx = b.X - a.X, dy = b.Y - a.Y;
        var squared = Math.Max(dx * dx + dy * dy, 1e-12);
        for (var y = top; y <= bottom; y++)
            for (var x = left; x <= right; x++)
            {
                var along = Math.Clamp(((x - a.X) * dx + (y - a.Y) * dy) / squared, 0, 1);
                double ox = x - a.X - along * dx, oy = y - a.Y - along * dy;
                var cover = (float)(brightness * Math.Clamp(reach - Math.Sqrt(ox * ox + oy * oy), 0, 1));
                ref var pixel = ref ink[y * Side + x];
                if (cover > pixel) pixel = cover;
            }
    }

    private static double Spline(double before, double from, double to, double after, double t) =>
        0.5 * (2 * from + t * (to - before + t * (2 * before - 5 * from + 4 * to - after + t * (3 * (from - to) + after - before))));
}
