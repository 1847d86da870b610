using Distributed.Learning;

namespace Distributed.Cluster.Ledgers;

/// <summary>What the ledger of a run proves.</summary>
/// <param name="Epochs">A line an epoch.</param>
/// <param name="Problems">A line for whatever was not counted exactly once; empty: all was.</param>
internal sealed record LedgerAudit(IReadOnlyList<string> Epochs, IReadOnlyList<string> Problems)
{
    private const int Named = 5;

    /// <summary>Reads the ledger of a run and counts every sample of every epoch.</summary>
    /// <param name="run">The run's folder.</param>
    /// <param name="expected">How many steps must be there; null: as many as there are.</param>
    /// <exception cref="BadInputException">There is no ledger, or it can't be read.</exception>
    public static LedgerAudit Of(string run, long? expected)
    {
        var file = LedgerFile.Of(run);
        if (!File.Exists(file))
            throw new BadInputException($"{run}: expected the folder of a run with a ledger; there is no {Path.GetRelativePath(run, file)} in it");
        var (plan, steps) = Read(file);
        var sampler = new SlotSampler(plan.Samples, plan.Batch, plan.Slots, plan.Seed);
        // A step beyond what is expected is looked at, too.
        var total = Math.Max(expected ?? 0, steps.Count == 0 ? 0 : steps.Keys.Last() + 1);
        var lines = new List<string>();
        var problems = new List<string>();
        for (var epoch = 0L; epoch * sampler.StepsPerEpoch < total; epoch++)
        {
            var begin = epoch * sampler.StepsPerEpoch;
            var end = Math.Min(begin + sampler.StepsPerEpoch, total);
            var partial = end < begin + sampler.StepsPerEpoch;
            var problem = Count(sampler, steps, epoch, begin, end, out var counted);
            if (problem is not null)
                problems.Add($"epoch {epoch + 1}: {problem}");
            else
                lines.Add($"epoch {epoch + 1}: {counted}{(partial ? $" of {plan.Samples}" : "")} samples, each counted once");
        }

        return new LedgerAudit(lines, problems);
    }

    private static (LedgerFile.Plan Plan, SortedDictionary<long, LedgerFile.Step> Steps) Read(string file)
    {
        LedgerFile.Plan? plan = null;
        var steps = new SortedDictionary<long, LedgerFile.Step>();
        var number = 0;
        int? cut = null;
        // What stands behind the last line's end was cut when the run's process ended, or is being written.
        foreach (var line in File.ReadAllText(file).Split('\n')[..^1])
        {
            number++;
            if (LedgerFile.Start(line) is { } start)
            {
                if (plan is { } known && known != start.Plan)
                    throw new BadInputException($"{file}:{number}: expected {known}, got {start.Plan}");
                plan = start.Plan;
                // Later steps of an earlier part were not in the checkpoint: they are made again.
                foreach (var voided in steps.Keys.SkipWhile(step => step < start.Step).ToArray())
                    steps.Remove(voided);
                cut = null;
            }
            else if (cut is not null || plan is null)
            {
                break;
            }
            else if (LedgerFile.Record(line) is { } step)
            {
                steps[step.Number] = step;
            }
            else
            {
                // Where a process was killed, a part may end in half a line, and only there.
                cut = number;
            }
        }

        if (plan is null || (cut is not null && cut != number))
            throw new BadInputException($"{file}:{cut ?? 1}: expected {(plan is null ? "a line 'start …'" : "a step")}");
        return (plan.Value, steps);
    }

    /// <summary>What is wrong with the steps [begin, end) of an epoch; null: every one of their samples was counted once.</summary>
    private static string? Count(
        SlotSampler sampler, SortedDictionary<long, LedgerFile.Step> steps, long epoch, long begin, long end, out int counted)
    {
        var order = Enumerable.Range(0, sampler.StepsPerEpoch).SelectMany(step => sampler.Indices(begin + step).ToArray()).ToArray();
        var expected = Enumerable.Range(0, (int)(end - begin)).Sum(step => sampler.SamplesOf(begin + step));
        var counts = new int[sampler.Samples];
        counted = 0;
        for (var step = begin; step < end; step++)
        {
            if (!steps.TryGetValue(step, out var record))
                continue;
            long size = record.Counts.Sum(count => (long)count);
            if (record.Epoch != epoch || record.First + size > order.Length)
                return $"step {step} is recorded with {size} samples from position {record.First} of epoch {record.Epoch + 1}";
            foreach (var sample in order.AsSpan(record.First, (int)size))
                counts[sample]++;
            counted += (int)size;
        }

        var missing = order[..expected].Where(sample => counts[sample] == 0).Order().ToArray();
        var repeated = Enumerable.Range(0, counts.Length).Where(sample => counts[sample] > 1).ToArray();
        var none = order[expected..].Where(sample => counts[sample] > 0).Order().ToArray();
        string[] wrong = [.. Say(missing, "not counted"), .. Say(repeated, "counted more than once"), .. Say(none, "counted too early")];
        return wrong.Length == 0 ? null : string.Join("; ", wrong);

        static IEnumerable<string> Say(int[] samples, string what) =>
            samples.Length == 0 ? [] : [$"{samples.Length} samples {what}: {string.Join(", ", samples.Take(Named))}{(samples.Length > Named ? ", …" : "")}"];
    }
}
