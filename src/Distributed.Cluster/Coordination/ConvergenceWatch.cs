namespace Distributed.Cluster.Coordination;

/// <summary>What a run's losses may show besides progress.</summary>
internal enum ConvergenceTrouble
{
    /// <summary>The test loss rises while the training loss falls: what is learned from now on holds for the training samples only.</summary>
    Overfitting,

    /// <summary>The training loss stays where it is.</summary>
    Stalled,
}

/// <summary>Watches training and test loss from evaluation to evaluation. Each trouble is told once, until it has gone.</summary>
internal sealed class ConvergenceWatch
{
    /// <summary>So many rises of the test loss in a row are more than noise.</summary>
    public const int Rises = 3;

    /// <summary>Over so many evaluations the training loss must have moved …</summary>
    public const int StallWindow = 6;

    /// <summary>… by this share of itself.</summary>
    public const double StallShare = 1e-3;

    private readonly List<(double Training, double Test)> losses = [];
    private readonly HashSet<ConvergenceTrouble> told = [];

    /// <summary>Takes the mean training loss since the last evaluation and the test loss of this one; returns what is new.</summary>
    public IReadOnlyList<ConvergenceTrouble> Observe(double trainingLoss, double testLoss)
    {
        losses.Add((trainingLoss, testLoss));
        if (losses.Count > StallWindow)
            losses.RemoveAt(0);
        return [.. new[] { (ConvergenceTrouble.Overfitting, Overfits()), (ConvergenceTrouble.Stalled, Stalls()) }
            .Where(trouble => trouble.Item2 ? told.Add(trouble.Item1) : told.Remove(trouble.Item1) && false)
            .Select(trouble => trouble.Item1)];
    }

    private bool Overfits()
    {
        if (losses.Count <= Rises)
            return false;
        var last = losses[^(Rises + 1)..];
        return last.Zip(last.Skip(1)).All(pair => pair.Second.Test > pair.First.Test) && last[^1].Training < last[0].Training;
    }

    private bool Stalls()
    {
        if (losses.Count < StallWindow)
            return false;
        var least = losses.Min(loss => loss.Training);
        var most = losses.Max(loss => loss.Training);
        return most - least <= StallShare * Math.Abs(most);
    }
}
