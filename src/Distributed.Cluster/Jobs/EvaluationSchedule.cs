using Distributed.Learning;

namespace Distributed.Cluster.Jobs;

/// <summary>When the test set is looked at. The last version of the weights always is.</summary>
/// <param name="EveryEpochs">After every so many epochs; 0 for never.</param>
/// <param name="EverySteps">After every so many steps; 0 for never.</param>
internal sealed record EvaluationSchedule(int EveryEpochs, int EverySteps)
{
    /// <summary>Reads <c>evaluation { every-epochs = 1, every-steps = 0 }</c>, which a job may leave out.</summary>
    /// <exception cref="BadInputException">A key is unknown or out of its range.</exception>
    public static EvaluationSchedule Read(SettingsSection job)
    {
        const int fallbackEpochs = 1, fallbackSteps = 0;
        if (job.OptionalSection("evaluation") is not { } section)
            return new EvaluationSchedule(fallbackEpochs, fallbackSteps);
        var schedule = new EvaluationSchedule(
            section.Integer("every-epochs", fallbackEpochs, 0), section.Integer("every-steps", fallbackSteps, 0));
        section.RejectUnknownKeys();
        return schedule;
    }

    /// <summary>Whether the weights of <paramref name="version"/> are evaluated.</summary>
    /// <param name="version">How many steps they have had, from 1 on.</param>
    /// <param name="stepsPerEpoch">Steps of an epoch.</param>
    /// <param name="steps">Steps of the whole job.</param>
    public bool IsDue(long version, int stepsPerEpoch, long steps) =>
        version == steps
        || (EveryEpochs > 0 && version % ((long)EveryEpochs * stepsPerEpoch) == 0)
        || (EverySteps > 0 && version % EverySteps == 0);
}
