using Distributed.Cluster.Monitoring;

namespace Distributed.Cli.Terminal;

/// <summary>
/// Decides which lines a run leaves in a file or a pipe: every notice, every change of phase before training, a line at the end of each
/// epoch (unless a notice has its results), and one about every five seconds between. The clock is that of the snapshots.
/// </summary>
internal sealed class PlainProgress
{
    /// <summary>Seconds between two lines.</summary>
    public const double Interval = 5;

    private RunProgress? last;
    private double printedAt = double.NegativeInfinity;
    private string printed = "";

    /// <summary>The lines that the next snapshot calls for.</summary>
    public IReadOnlyList<string> Next(RunProgress progress)
    {
        List<string> lines = [.. progress.Notices];
        var told = progress.Notices.Any(notice => notice.StartsWith("epoch ", StringComparison.OrdinalIgnoreCase));
        if (told) printedAt = progress.ElapsedSeconds;
        else if (EndsEpoch(progress) || EntersPhase(progress) || progress.ElapsedSeconds - printedAt >= Interval) Add(progress, lines);
        last = progress;
        return lines;
    }

    // The test's figures change once an epoch: when every block of the test set is in.
    private bool EndsEpoch(RunProgress progress) =>
        progress.TestLoss is not null && (last?.TestLoss != progress.TestLoss || last?.TestAccuracy != progress.TestAccuracy);

    private bool EntersPhase(RunProgress progress) => !ProgressText.IsUnderWay(progress) && last?.Phase != progress.Phase;

    private void Add(RunProgress progress, List<string> lines)
    {
        printedAt = progress.ElapsedSeconds;
        var line = ProgressText.Line(progress);
        if (line == printed) return;
        printed = line;
        lines.Add(line);
    }
}
