using Distributed.Learning;

namespace Distributed.Cluster.ParameterServers;

/// <summary>How the gradients of an update are summed. It is made anew only when slots come in other pieces than before, which is seldom.</summary>
internal sealed class SumPlan(int slots, FlatFormat format)
{
    private SlotRange[] pieces = [];
    private nint[] inputs = [];
    private TreeSum? sums;

    /// <summary>The sum of some pieces, and where their gradients lie, in the order of the sum; the latter is overwritten by the next call.</summary>
    public (TreeSum Sums, nint[] Inputs) For(IReadOnlyList<SlotRange> arrived, IReadOnlyDictionary<SlotRange, nint> gradients)
    {
        if (sums is null || !pieces.SequenceEqual(arrived))
        {
            pieces = [.. arrived];
            inputs = new nint[pieces.Length];
            sums = new TreeSum(slots, pieces, format);
        }

        for (var i = 0; i < inputs.Length; i++)
            inputs[i] = gradients[pieces[i]];
        return (sums, inputs);
    }
}
