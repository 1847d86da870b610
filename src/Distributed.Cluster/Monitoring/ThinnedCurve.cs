namespace Distributed.Cluster.Monitoring;

/// <summary>
/// A curve of any length in bounded memory: when its points become too many, each two become their mean. What is not finite is left out.
/// </summary>
/// <param name="mostPoints">An even number.</param>
internal sealed class ThinnedCurve(int mostPoints = 200)
{
    private readonly List<CurvePoint> points = new(mostPoints);
    private double span = 1;
    private (double Step, double Sum, int Count) open;

    /// <summary>The points, the last of which may still change.</summary>
    public CurvePoint[] Points => open.Count > 0 ? [.. points, Mean] : [.. points];

    private CurvePoint Mean => new(open.Step, open.Sum / open.Count);

    /// <summary>Takes the next point; one at the same place as the last or before it is left out.</summary>
    public void Add(double step, double value)
    {
        if (!double.IsFinite(value) || step <= open.Step && open.Count > 0)
            return;
        open = (step, open.Sum + value, open.Count + 1);
        if (open.Count < span)
            return;
        points.Add(Mean);
        open = (step, 0, 0);
        if (points.Count < mostPoints)
            return;
        for (var i = 0; i < mostPoints / 2; i++)
            points[i] = new CurvePoint(points[(2 * i) + 1].Step, (points[2 * i].Value + points[(2 * i) + 1].Value) / 2);
        points.RemoveRange(mostPoints / 2, points.Count - (mostPoints / 2));
        span *= 2;
    }

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        points.Clear();
        (span, open) = (1, default);
    }
}
