using Distributed.Learning;

namespace Distributed.Cluster.Coordination;

/// <summary>The losses of a run's steps and what its evaluations found, from which curves and warnings are made.</summary>
internal sealed class RunHistory(long firstStep)
{
    private readonly List<(double Loss, int Samples)> steps = [];
    private readonly List<Evaluation> evaluations = [];

    public long FirstStep => firstStep;

    /// <summary>The mean loss of each step, from <see cref="FirstStep"/> on.</summary>
    public IReadOnlyList<double> Losses => [.. steps.Select(step => step.Loss)];

    public IReadOnlyList<Evaluation> Evaluations => evaluations;

    /// <summary>Takes the next step; they come in order.</summary>
    public void Add(StepRecord step) => steps.Add((step.Loss, step.Samples));

    /// <summary>
    /// Takes the next evaluation, of a version whose steps are all here. Returns the mean training loss over the samples since the
    /// evaluation before it; not a number where no step lies between.
    /// </summary>
    public double Add(Evaluation evaluation)
    {
        var from = evaluations.Count > 0 ? evaluations[^1].Version : firstStep;
        evaluations.Add(evaluation);
        var since = steps[(int)(from - firstStep)..(int)(evaluation.Version - firstStep)];
        return since.Sum(step => step.Loss * step.Samples) / since.Sum(step => step.Samples);
    }
}
