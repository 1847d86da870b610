using Distributed.Learning;

namespace Distributed.Cluster.Monitoring;

/// <summary>What <c>summary.json</c> holds: a run in figures.</summary>
internal sealed record RunSummary(
    string Job,
    string Status,
    int Workers,
    int Servers,
    int Slots,
    int Epochs,
    long Steps,
    long SamplesSeen,
    double SamplesPerSecond,
    Spread StepMilliseconds,
    double ComputeMilliseconds,
    double InputMilliseconds,
    double ExchangeMilliseconds,
    long BytesSent,
    long Parameters,
    string? WeightsSha256,
    Evaluation? Evaluation,
    bool StoppedEarly,
    int Restarts,
    double WallSeconds,
    string? Reason)
{
    /// <summary>How long a step waited for its batch at most, which is part of <see cref="ExchangeMilliseconds"/>.</summary>
    public double InputWaitMilliseconds { get; init; }
}

/// <summary>Median and 95th percentile.</summary>
internal sealed record Spread(double Median, double P95);
