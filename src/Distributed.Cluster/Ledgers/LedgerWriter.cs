using System.Text;
using Distributed.Cluster.Monitoring.Logs;
using Distributed.Learning;

namespace Distributed.Cluster.Ledgers;

/// <summary>Writes a run's ledger as its steps are completed.</summary>
internal sealed class LedgerWriter : IDisposable
{
    private readonly SlotSampler sampler;
    private readonly AppendedFile file;
    private readonly StreamWriter writer;

    /// <param name="run">The run's folder.</param>
    /// <param name="firstStep">The step that this part of the run begins with; 0 begins a new ledger.</param>
    /// <param name="sampler">Says which samples a step has.</param>
    /// <param name="seed">The sampler's seed.</param>
    /// <exception cref="BadInputException">The run began with other data.</exception>
    /// <param name="disk">Hears, once each time, that the file can't be written and why; and null when all of it is written.</param>
    public LedgerWriter(string run, long firstStep, SlotSampler sampler, long seed, Action<string, IOException?>? disk = null)
    {
        this.sampler = sampler;
        var path = LedgerFile.Of(run);
        var plan = new LedgerFile.Plan(sampler.Samples, sampler.Batch, sampler.Slots, seed);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var endsInLine = true;
        if (firstStep > 0 && File.Exists(path))
        {
            var starts = File.ReadLines(path).Select(LedgerFile.Start).Where(start => start is not null).ToList();
            Restarts = starts.Count;
            if (starts.Count > 0 && starts[0]!.Value.Plan is var began && began != plan)
                throw new BadInputException($"{path}: the run began with {began}, and would go on with {plan}: is it the same data?");
            using var end = File.OpenRead(path);
            if (end.Length > 0)
            {
                end.Position = end.Length - 1;
                endsInLine = end.ReadByte() == '\n';
            }
        }

        file = new AppendedFile(path, anew: firstStep == 0, problem => disk?.Invoke(path, problem));
        writer = new StreamWriter(file, new UTF8Encoding(false)) { NewLine = "\n" };
        // The last line of a part whose process was killed may be cut.
        if (!endsInLine)
            writer.WriteLine();
        writer.WriteLine(LedgerFile.Line(firstStep, plan));
        writer.Flush();
    }

    /// <summary>How often the run was resumed.</summary>
    public int Restarts { get; }

    /// <summary>Records a committed step.</summary>
    /// <param name="step">Its number.</param>
    /// <param name="counts">How many samples each slot counted, in order, separated by commas: as the workers said.</param>
    public void Add(long step, string counts) =>
        writer.WriteLine(LedgerFile.Line(step, sampler.EpochOf(step), (int)(step % sampler.StepsPerEpoch * sampler.Batch), counts));

    /// <summary>Has what was written so far be in the file, whatever becomes of this process.</summary>
    /// <returns>False where the disk has no room for all of it; it is kept.</returns>
    public bool Flush()
    {
        writer.Flush();
        return file.IsWritten;
    }

    /// <summary>Has what was written so far outlast the machine.</summary>
    /// <returns>False where the disk has no room for all of it.</returns>
    public bool FlushToDisk() => Flush() && file.FlushToDisk();

    public void Dispose() => writer.Dispose();
}
