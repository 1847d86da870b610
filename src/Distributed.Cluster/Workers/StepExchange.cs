using System.Diagnostics;
using System.Runtime.InteropServices;
using Distributed.Cluster.Chaos;
using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;
using Distributed.Learning;

namespace Distributed.Cluster.Workers;

/// <summary>
/// What a worker exchanges with the servers around a step: waits for the weights of a version, all of them or those of the first layers,
/// and sends the gradients of the parts of a piece that are ready.
/// </summary>
/// <param name="term">The worker's term.</param>
/// <param name="links">Where gradients go.</param>
/// <param name="gate">Where weights come.</param>
/// <param name="replica">In whose buffers the gradients are.</param>
/// <param name="deadline">How long to wait for a version.</param>
/// <param name="phase">Hears what the worker does, in words.</param>
/// <param name="whole">Called for each version, once all its weights are in place, with <see cref="WholeAt"/>.</param>
/// <param name="chaos">Faults on purpose; null: none.</param>
internal sealed class StepExchange(
    long term, ServerLinks links, VersionGate gate, ModelReplica replica, Func<long, TimeSpan> deadline, Action<string> phase, Action<long> whole,
    IChaos? chaos = null)
{
    private readonly List<ProgressMessages.SlotReport> figures = [];
    private long current;

    /// <summary>The newest version of which all weights are in place.</summary>
    public long Newest { get; private set; } = -1;

    /// <summary>When this worker had all of them, as <see cref="Stopwatch"/> counts.</summary>
    public long WholeAt { get; private set; }

    /// <summary>How long the waits of this step have lasted so far.</summary>
    public TimeSpan Waited { get; private set; }

    /// <summary>A step begins, whose first forward pass may begin before all weights of its version are in place.</summary>
    public void Begin(long step)
    {
        current = step;
        Waited = TimeSpan.Zero;
    }

    /// <summary>Waits for all weights of a version.</summary>
    public void WaitForAll(long version) => Wait(version, links.Floats);

    /// <summary>What the computation of a slot of this step is to say.</summary>
    /// <param name="piece">The slot's piece.</param>
    /// <param name="buffer">The piece's gradient buffer.</param>
    /// <param name="slot">The slot.</param>
    /// <param name="asides">The buffers that are to be added to the piece's after it.</param>
    public SlotSignals SignalsOf(SlotRange piece, int buffer, int slot, int[] asides)
    {
        var last = slot == piece.End - 1;
        return new SlotSignals(
            end => Wait(current, end),
            (start, end) =>
            {
                foreach (var aside in asides)
                    replica.AddGradients(aside, buffer, start, end);
                if (last)
                    links.SendGradient(term, current, piece, buffer, start, end, chaos);
            },
            links.Streamed,
            result => Seen(piece, slot, result));
    }

    /// <summary>The figures of a piece go before its gradient.</summary>
    private void Seen(SlotRange piece, int slot, SlotResult result)
    {
        if (slot == piece.First)
            figures.Clear();
        figures.Add(new ProgressMessages.SlotReport(slot, result.Samples, result.LossSum, result.Predictions, result.Correct));
        if (slot != piece.End - 1)
            return;
        chaos?.At(ChaosPhase.BeforeSending, current);
        links.SendFigures(term, current, piece, CollectionsMarshal.AsSpan(figures));
    }

    private void Wait(long version, long floats)
    {
        if (version <= Newest)
            return;
        var started = Stopwatch.GetTimestamp();
        phase("exchanging");
        gate.WaitFor(version, deadline(version), links.HomesBefore(floats));
        phase("computing");
        Waited += Stopwatch.GetElapsedTime(started);
        if (floats < links.Floats)
            return;
        (Newest, WholeAt) = (version, Stopwatch.GetTimestamp());
        whole(WholeAt);
    }
}
