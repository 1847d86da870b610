using System.Globalization;

namespace Distributed.Cluster.Ledgers;

/// <summary>
/// The ledger of a run: which samples entered which step. Lines of text in <c>ledger/steps.txt</c>. A part of the run (its beginning, each
/// resumption) begins with <c>start STEP samples N batch B slots S seed SEED</c>, and each committed step is
/// <c>STEP EPOCH FIRST COUNT,COUNT,…</c>: the slots' samples are consecutive ranges, from position FIRST on, of the epoch's permutation,
/// which follows from the seed. A start voids what an earlier part had recorded from that step on.
/// </summary>
internal static class LedgerFile
{
    public static string Of(string run) => Path.Combine(run, "ledger", "steps.txt");

    /// <summary>What fixes the samples of every step.</summary>
    public readonly record struct Plan(int Samples, int Batch, int Slots, long Seed);

    /// <summary>One step; <paramref name="First"/> is a position of the epoch's permutation.</summary>
    public sealed record Step(long Number, long Epoch, int First, int[] Counts);

    public static string Line(long start, Plan plan) => string.Create(
        CultureInfo.InvariantCulture, $"start {start} samples {plan.Samples} batch {plan.Batch} slots {plan.Slots} seed {plan.Seed}");

    public static string Line(long step, long epoch, int first, string counts) =>
        string.Create(CultureInfo.InvariantCulture, $"{step} {epoch} {first} {counts}");

    /// <summary>The first step of a part and its plan; null where the line is no start.</summary>
    public static (long Step, Plan Plan)? Start(string line)
    {
        if (line.Split(' ') is not ["start", var step, "samples", var samples, "batch", var batch, "slots", var slots, "seed", var seed])
            return null;
        return Number(step) is { } first && Number(samples) is { } n && Number(batch) is { } b && Number(slots) is { } s && Number(seed) is { } value
            && n is > 0 and <= int.MaxValue && b is > 0 and <= int.MaxValue && s is > 0 and <= 4096
                ? (first, new Plan((int)n, (int)b, (int)s, value))
                : null;
    }

    /// <summary>A step's record; null where the line is none.</summary>
    public static Step? Record(string line)
    {
        if (line.Split(' ') is not [var step, var epoch, var first, var counts]
            || Number(step) is not { } number || Number(epoch) is not { } of || Number(first) is not { } position || position > int.MaxValue)
            return null;
        var each = counts.Split(',').Select(Number).ToArray();
        return Array.TrueForAll(each, count => count is <= int.MaxValue) ? new Step(number, of, (int)position, [.. each.Select(count => (int)count!.Value)]) : null;
    }

    /// <summary>The step after the last one that the newest part of a run's ledger has without a gap; 0 where there is no ledger.</summary>
    public static long NextStep(string run)
    {
        var next = 0L;
        if (File.Exists(Of(run)))
            foreach (var line in File.ReadLines(Of(run)))
                next = Start(line)?.Step ?? (Record(line)?.Number == next ? next + 1 : next);
        return next;
    }

    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
