namespace Distributed.Cluster.Coordination;

/// <summary>What the steps of the epoch under way come to.</summary>
internal sealed class EpochFigures
{
    private int epoch;
    private long samples;
    private double loss;
    private double milliseconds;

    /// <summary>The mean over the epoch's samples.</summary>
    public double Loss => loss / samples;

    /// <summary>Over the steps themselves.</summary>
    public double SamplesPerSecond => samples / Math.Max(1e-9, milliseconds / 1000);

    /// <summary>Takes the next step; the first one of another epoch begins anew.</summary>
    public void Add(StepRecord step, int of)
    {
        if (of != epoch)
            (epoch, samples, loss, milliseconds) = (of, 0, 0, 0);
        samples += step.Samples;
        loss += step.Loss * step.Samples;
        milliseconds += step.TotalMilliseconds;
    }
}
