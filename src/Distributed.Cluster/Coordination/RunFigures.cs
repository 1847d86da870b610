using Distributed.Learning;

namespace Distributed.Cluster.Coordination;

/// <summary>What a run's steps and evaluations have come to so far.</summary>
/// <param name="firstStep">The first step that will be told of.</param>
internal sealed class RunFigures(long firstStep)
{
    public long FirstStep => firstStep;

    public RunStatistics Statistics { get; } = new();

    public RunHistory History { get; } = new(firstStep);

    public EpochFigures Epoch { get; } = new();

    public StepRecord? LastStep { get; private set; }

    /// <summary>The first step that was not told of.</summary>
    public long NextStep => LastStep is null ? firstStep : LastStep.Step + 1;

    /// <summary>Takes the next step, and the number of its epoch.</summary>
    public void Add(StepRecord step, int epoch)
    {
        Statistics.Add(step);
        History.Add(step);
        Epoch.Add(step, epoch);
        LastStep = step;
    }

    /// <summary>Takes the next evaluation; see <see cref="RunHistory.Add(Evaluation)"/>.</summary>
    public double Add(Evaluation evaluation) => History.Add(evaluation);
}
