using Distributed.Learning;

namespace Distributed.Cluster.Jobs;

/// <summary>How long a job trains: so many epochs, so many steps, or, given both, whichever ends first.</summary>
/// <param name="Epochs">How often every training sample is seen; null: as often as the steps need.</param>
/// <param name="Steps">Updates of the weights; null: as many as the epochs need. One of the two is there.</param>
internal sealed record JobLength(int? Epochs, long? Steps)
{
    /// <summary>Reads <c>epochs = 6</c>, <c>steps = 2000</c> or both.</summary>
    /// <exception cref="BadInputException">Neither is there, or one is out of its range.</exception>
    public static JobLength Read(SettingsSection job)
    {
        // 0 stands for a key that is not there.
        var steps = job.LongInteger("steps", 0, 1);
        var epochs = steps > 0 ? job.Integer("epochs", 0, 1, 1_000_000) : job.Integer("epochs", null, 1, 1_000_000);
        return new JobLength(epochs > 0 ? epochs : null, steps > 0 ? steps : null);
    }

    /// <summary>Steps of the whole job.</summary>
    /// <param name="stepsPerEpoch">Steps of an epoch, above 0.</param>
    public long TotalSteps(int stepsPerEpoch) =>
        Math.Min(Steps ?? long.MaxValue, Epochs is { } epochs ? (long)stepsPerEpoch * epochs : long.MaxValue);

    /// <summary>The epochs that the job begins; the last one may end early.</summary>
    /// <param name="stepsPerEpoch">Steps of an epoch, above 0.</param>
    public int TotalEpochs(int stepsPerEpoch) => (int)Math.Min(int.MaxValue, (TotalSteps(stepsPerEpoch) - 1) / stepsPerEpoch + 1);
}
