using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Coordination;

/// <summary>A step as the run's metrics show it. Times are those of the slowest worker, in milliseconds.</summary>
/// <param name="TotalMilliseconds">
/// The workers' mean. They are in step, so each sees the same time from step to step but for the moments in which it has a version's last weights; the
/// longest of them, step for step, would add up to more than the run.
/// </param>
internal sealed record StepRecord(
    long Step, int Samples, double Loss, double? Accuracy, double TotalMilliseconds, double ComputeMilliseconds, double InputMilliseconds,
    double ExchangeMilliseconds)
{
    /// <summary>How long the step waited for its batch at most; the rest of its input's time went by while the weights came.</summary>
    public double InputWaitMilliseconds { get; init; }

    /// <summary>How many samples each slot counted, in slot order, separated by commas.</summary>
    public string SlotSamples { get; init; } = "";
}

/// <summary>
/// Puts the workers' parts of each step together. Losses are summed in slot order in double precision, so that a step's figures
/// are the same for any number of workers. Steps come out whole and in order.
/// </summary>
internal sealed class StepBoard(int slots, long firstStep)
{
    private readonly SortedDictionary<long, Entry> open = [];
    private long next = firstStep;

    private sealed class Entry(int slots)
    {
        public readonly ProgressMessages.SlotReport?[] Slots = new ProgressMessages.SlotReport?[slots];
        public int In;
        public int Timed;
        public double Total;
        public double Compute;
        public double Input;
        public double InputWait;
        public double Exchange;
    }

    /// <summary>The first step that is not complete.</summary>
    public long Next => next;

    /// <summary>Adds a worker's part; returns the steps that it completes.</summary>
    public IReadOnlyList<StepRecord> Add(ProgressMessages.StepReport report)
    {
        if (report.Step < next)
            return [];
        if (!open.TryGetValue(report.Step, out var entry))
            open.Add(report.Step, entry = new Entry(slots));
        foreach (var slot in report.Slots)
        {
            if (slot.Slot < 0 || slot.Slot >= slots || entry.Slots[slot.Slot] is not null)
                continue;
            entry.Slots[slot.Slot] = slot;
            entry.In++;
        }

        // What servers know of a lost worker's part has no times.
        if (report.TotalMilliseconds > 0)
            entry.Timed++;
        entry.Total += report.TotalMilliseconds;
        entry.Compute = Math.Max(entry.Compute, report.ComputeMilliseconds);
        entry.Input = Math.Max(entry.Input, report.InputMilliseconds);
        entry.InputWait = Math.Max(entry.InputWait, report.InputWaitMilliseconds);
        entry.Exchange = Math.Max(entry.Exchange, report.ExchangeMilliseconds);

        var done = new List<StepRecord>();
        while (open.TryGetValue(next, out var ready) && ready.In == slots)
        {
            open.Remove(next);
            done.Add(Close(next, ready));
            next++;
        }

        return done;
    }

    private StepRecord Close(long step, Entry entry)
    {
        var samples = 0;
        var loss = 0.0;
        var (predictions, correct) = (0L, 0L);
        foreach (var slot in entry.Slots)
        {
            samples += slot!.Samples;
            loss += slot.LossSum;
            predictions += slot.Predictions;
            correct += slot.Correct;
        }

        return new StepRecord(
            step, samples, loss / samples, predictions > 0 ? (double)correct / predictions : null, entry.Total / Math.Max(1, entry.Timed), entry.Compute,
            entry.Input, entry.Exchange)
        {
            InputWaitMilliseconds = entry.InputWait,
            SlotSamples = string.Join(',', entry.Slots.Select(slot => slot!.Samples)),
        };
    }
}
