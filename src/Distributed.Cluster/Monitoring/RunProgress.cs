namespace Distributed.Cluster.Monitoring;

/// <summary>A running job at one moment, for whoever watches it.</summary>
/// <param name="Phase">gathering nodes, preparing, training, evaluating, saving, finished.</param>
/// <param name="Loss">Mean loss of the newest complete step.</param>
/// <param name="Notices">One-line notices since the last snapshot: results of epochs, warnings.</param>
internal sealed record RunProgress(
    string Job,
    string Phase,
    int Epoch,
    int Epochs,
    long Step,
    long Steps,
    double Loss,
    double? TestLoss,
    double? TestAccuracy,
    double SamplesPerSecond,
    double ElapsedSeconds,
    WorkerProgress[] Workers,
    ServerProgress[] Servers,
    string[] Notices);

/// <summary>A worker's row. Times are medians of its newest steps.</summary>
internal sealed record WorkerProgress(
    string Node, string Slots, long Step, string Phase, double ComputeMilliseconds, double ExchangeMilliseconds, double SamplesPerSecond)
{
    /// <summary>To gather the samples of a step.</summary>
    public double InputMilliseconds { get; init; }

    /// <summary>How long it has been in this phase of this step.</summary>
    public double PhaseSeconds { get; init; }
}

/// <summary>A server's row.</summary>
internal sealed record ServerProgress(string Node, int Shards, long Version, long Bytes);
