using Distributed.Cluster.Protocol;
using Distributed.Learning;

namespace Distributed.Cluster.Coordination;

/// <summary>Puts the blocks of an evaluation together, in the order of their numbers whoever computed them.</summary>
/// <param name="testSamples">In the test set.</param>
/// <param name="newest">The newest version whose evaluation is whole; −1: none is.</param>
internal sealed class EvaluationBoard(int testSamples, long newest = -1)
{
    private readonly Dictionary<long, Dictionary<int, EvaluationBlock>> open = [];
    private readonly int blocks = Evaluator.BlockCount(testSamples);
    private long newest = newest;

    public int TestSamples => testSamples;

    /// <summary>The newest version whose evaluation is whole; −1 before the first.</summary>
    public long Newest => newest;

    /// <summary>
    /// Adds a block; returns the evaluation that it completes, if it does. What comes again is dropped: no worker evaluates a
    /// version before all have evaluated the one before.
    /// </summary>
    public Evaluation? Add(ProgressMessages.EvaluationReport report)
    {
        if (report.Version <= newest || report.Block.Block < 0 || report.Block.Block >= blocks)
            return null;
        if (!open.TryGetValue(report.Version, out var known))
            open.Add(report.Version, known = []);
        known[report.Block.Block] = report.Block;
        if (known.Count < blocks)
            return null;
        open.Remove(report.Version);
        newest = report.Version;
        return Evaluation.Combine(known.Values, report.Version);
    }
}
