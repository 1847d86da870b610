using Distributed.Cluster.Monitoring;

namespace Distributed.Cluster.Coordination;

/// <summary>Times of a run's steps, from which its summary is made.</summary>
internal sealed class RunStatistics
{
    /// <summary>Steps that only warm the program up and do not count in medians, as long as enough others do.</summary>
    private const int WarmUp = 5;

    private readonly List<float> total = [];
    private readonly List<float> compute = [];
    private readonly List<float> input = [];
    private readonly List<float> inputWait = [];
    private readonly List<float> exchange = [];
    private double seconds;

    public long Samples { get; private set; }

    public long Steps => total.Count;

    /// <summary>Over the steps themselves: evaluation, saving and starting do not count.</summary>
    public double SamplesPerSecond => seconds > 0 ? Samples / seconds : 0;

    public void Add(StepRecord step)
    {
        total.Add((float)step.TotalMilliseconds);
        compute.Add((float)step.ComputeMilliseconds);
        input.Add((float)step.InputMilliseconds);
        inputWait.Add((float)step.InputWaitMilliseconds);
        exchange.Add((float)step.ExchangeMilliseconds);
        seconds += step.TotalMilliseconds / 1000;
        Samples += step.Samples;
    }

    public Spread Total => new(Quantile(total, 0.5), Quantile(total, 0.95));

    public double Compute => Quantile(compute, 0.5);

    public double Input => Quantile(input, 0.5);

    public double InputWait => Quantile(inputWait, 0.5);

    public double Exchange => Quantile(exchange, 0.5);

    private static double Quantile(List<float> values, double share)
    {
        var counted = values.Count > 2 * WarmUp ? values.GetRange(WarmUp, values.Count - WarmUp) : [.. values];
        if (counted.Count == 0)
            return 0;
        counted.Sort();
        return Math.Round(counted[Math.Min(counted.Count - 1, (int)(share * counted.Count))], 4);
    }
}
