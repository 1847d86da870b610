using Distributed.Learning;

namespace Distributed.Cluster.Jobs;

/// <summary>How often a job writes a checkpoint while it trains, and how many stay. An interrupted job always writes one.</summary>
/// <param name="EverySteps">After every so many steps, at the next boundary that a worker can be held at; 0 for never.</param>
/// <param name="EveryMinutes">After so many minutes since the last one; 0 for never.</param>
/// <param name="Keep">How many of the newest stay.</param>
internal sealed record CheckpointSchedule(int EverySteps, double EveryMinutes, int Keep)
{
    /// <summary>Reads <c>checkpoint { every-steps = 0, every-minutes = 0, keep = 3 }</c>, which a job may leave out.</summary>
    /// <exception cref="BadInputException">A key is unknown or out of its range.</exception>
    public static CheckpointSchedule Read(SettingsSection job)
    {
        const int fallbackKeep = 3;
        if (job.OptionalSection("checkpoint") is not { } section)
            return new CheckpointSchedule(0, 0, fallbackKeep);
        var schedule = new CheckpointSchedule(
            section.Integer("every-steps", 0, 0), section.Number("every-minutes", 0, 0, 7 * 24 * 60), section.Integer("keep", fallbackKeep, 1));
        section.RejectUnknownKeys();
        return schedule;
    }

    /// <summary>Whether the next one is due.</summary>
    /// <param name="version">The newest complete version.</param>
    /// <param name="last">The version of the last checkpoint, or with which this part of the run began.</param>
    /// <param name="since">The time since then.</param>
    public bool IsDue(long version, long last, TimeSpan since) =>
        version > last
        && ((EverySteps > 0 && version / EverySteps > last / EverySteps) || (EveryMinutes > 0 && since.TotalMinutes >= EveryMinutes));
}
