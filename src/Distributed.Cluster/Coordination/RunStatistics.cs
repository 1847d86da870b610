using Distributed.Cluster.Monitoring;

namespace Distributed.Cluster.Coordination;

/// <summary>Times of a run's steps, from which its summary is made, in memory that does not grow with them.</summary>
internal sealed class RunStatistics
{
    /// <summary>Steps that only warm the program up and do not count in medians, as long as enough others do.</summary>
    private const int WarmUp = 5;

    private readonly ThinnedValues total = new();
    private readonly ThinnedValues compute = new();
    private readonly ThinnedValues input = new();
    private readonly ThinnedValues inputWait = new();
    private readonly ThinnedValues exchange = new();
    private double seconds;

    public long Samples { get; private set; }

    public long Steps { get; private set; }

    /// <summary>Over the steps themselves: evaluation, saving and starting do not count.</summary>
    public double SamplesPerSecond => seconds > 0 ? Samples / seconds : 0;

    public void Add(StepRecord step)
    {
        total.Add(step.TotalMilliseconds);
        compute.Add(step.ComputeMilliseconds);
        input.Add(step.InputMilliseconds);
        inputWait.Add(step.InputWaitMilliseconds);
        exchange.Add(step.ExchangeMilliseconds);
        seconds += step.TotalMilliseconds / 1000;
        Samples += step.Samples;
        Steps++;
    }

    public Spread Total => new(Quantile(total, 0.5), Quantile(total, 0.95));

    public double Compute => Quantile(compute, 0.5);

    public double Input => Quantile(input, 0.5);

    public double InputWait => Quantile(inputWait, 0.5);

    public double Exchange => Quantile(exchange, 0.5);

    private static double Quantile(ThinnedValues values, double share) => values.Quantile(share, WarmUp);
}
