namespace Distributed.Cluster.Coordination;

/// <summary>What a step takes a worker itself, waiting for others aside: medians of its newest steps, in milliseconds.</summary>
/// <param name="Slots">How many slots it computes.</param>
/// <param name="Input">Waiting for the samples.</param>
/// <param name="Compute">Forward and backward.</param>
/// <param name="Send">Sending gradients.</param>
internal readonly record struct StepParts(int Slots, double Input, double Compute, double Send)
{
    /// <summary>What a slot takes, of each part by its name.</summary>
    public IEnumerable<(string Phase, double Milliseconds)> OfSlot =>
        [("input", Input / Slots), ("compute", Compute / Slots), ("send", Send / Slots)];
}

/// <summary>
/// Which workers lag, each told of once for as long as it does. Every step waits for the slowest worker, so one that takes a slot several times
/// as long as the others costs all of them.
/// </summary>
/// <param name="factor">How many times as long as the others' median makes a straggler.</param>
internal sealed class Stragglers(double factor)
{
    /// <summary>Steps that a worker must have made before anything is said of it.</summary>
    public const int LeastSteps = 20;

    /// <summary>Less than this a slot is the noise of a busy machine.</summary>
    private const double LeastMilliseconds = 2;

    private readonly HashSet<string> told = [];

    /// <summary>A worker that lags with what: milliseconds a slot, its own and the median of the others.</summary>
    public sealed record Lag(string Node, string Phase, double Milliseconds, double Others);

    /// <summary>Who lags and has not been told of. Nobody does where there is nobody to compare with.</summary>
    public IReadOnlyList<Lag> Find(IReadOnlyList<(string Node, StepParts Parts)> workers)
    {
        var found = new List<Lag>();
        foreach (var (node, parts) in workers)
        {
            var others = workers.Where(other => other.Node != node).ToArray();
            if (others.Length == 0)
                continue;
            var (mine, theirs) = (Whole(parts), MedianOf(others.Select(other => Whole(other.Parts))));
            if (mine <= factor * theirs || mine - theirs < LeastMilliseconds)
            {
                told.Remove(node);
                continue;
            }

            if (!told.Add(node))
                continue;
            // Of its parts that one which is furthest from the others'.
            found.Add(parts.OfSlot
                .Select((part, at) => new Lag(node, part.Phase, part.Milliseconds, MedianOf(others.Select(other => other.Parts.OfSlot.ElementAt(at).Milliseconds))))
                .MaxBy(lag => lag.Milliseconds - lag.Others)!);
        }

        return found;
    }

    private static double Whole(StepParts parts) => parts.OfSlot.Sum(part => part.Milliseconds);

    private static double MedianOf(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
