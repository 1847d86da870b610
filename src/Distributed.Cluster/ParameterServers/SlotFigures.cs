using System.Runtime.InteropServices;
using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// What the slots of recent steps saw, on the server of the first shard: workers report it to the coordinator now and then, and one that
/// dies in between takes with it what it had not told. Kept until the coordinator has written it down.
/// </summary>
internal sealed class SlotFigures(int slots)
{
    /// <summary>On the wire: slot, samples (int32 each), sum of losses (float64), predictions, correct (int32 each), little-endian.</summary>
    public static readonly int BytesOfSlot = Marshal.SizeOf<Wire>();

    /// <summary>Slots in one frame at most.</summary>
    public const int MostInFrame = 256;

    /// <summary>Steps that are kept at most: a coordinator that has been away for longer lost the job's state anyway.</summary>
    private const int MostSteps = 1 << 16;

    private readonly Lock gate = new();
    private readonly SortedDictionary<long, ProgressMessages.SlotReport?[]> steps = [];
    private long below;

    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct Wire
    {
        public int Slot;
        public int Samples;
        public double LossSum;
        public int Predictions;
        public int Correct;
    }

    /// <summary>Writes the figures of some slots; returns how many bytes.</summary>
    public static unsafe long Encode(ReadOnlySpan<ProgressMessages.SlotReport> reports, byte* into)
    {
        var wires = (Wire*)into;
        for (var i = 0; i < reports.Length; i++)
            wires[i] = new Wire
            {
                Slot = reports[i].Slot,
                Samples = reports[i].Samples,
                LossSum = reports[i].LossSum,
                Predictions = reports[i].Predictions,
                Correct = reports[i].Correct,
            };
        return (long)reports.Length * sizeof(Wire);
    }

    /// <summary>Takes the figures of some slots of a step. The same may come again.</summary>
    /// <returns>False where they are of slots that the job has not.</returns>
    public bool Add(long step, ReadOnlySpan<byte> payload)
    {
        lock (gate)
        {
            if (step < below)
                return true;
            if (!steps.TryGetValue(step, out var known))
                steps.Add(step, known = new ProgressMessages.SlotReport?[slots]);
            foreach (var wire in MemoryMarshal.Cast<byte, Wire>(payload))
            {
                if (wire.Slot < 0 || wire.Slot >= slots)
                    return false;
                known[wire.Slot] = new ProgressMessages.SlotReport(wire.Slot, wire.Samples, wire.LossSum, wire.Predictions, wire.Correct);
            }

            if (steps.Count > MostSteps)
                steps.Remove(steps.Keys.First());
            return true;
        }
    }

    /// <summary>All steps below this one are written down.</summary>
    public void Forget(long recordedBelow)
    {
        lock (gate)
        {
            below = Math.Max(below, recordedBelow);
            while (steps.Count > 0 && steps.Keys.First() is var oldest && oldest < below)
                steps.Remove(oldest);
        }
    }

    /// <summary>What is known of the steps below a version, in their order; their times are not.</summary>
    public IReadOnlyList<ProgressMessages.StepReport> Below(long version)
    {
        lock (gate)
            return
            [
                .. steps.TakeWhile(step => step.Key < version)
                    .Select(step => new ProgressMessages.StepReport(step.Key, [.. step.Value.OfType<ProgressMessages.SlotReport>()], 0, 0, 0, 0)),
            ];
    }
}
