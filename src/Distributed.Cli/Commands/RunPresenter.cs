using System.Diagnostics;
using Distributed.Cli.Terminal;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;

namespace Distributed.Cli.Commands;

/// <summary>What the user sees of one job from its start to its exit code; the same for <c>local</c> and <c>submit</c>.</summary>
internal sealed class RunPresenter : IDisposable
{
    private readonly Stopwatch watch = Stopwatch.StartNew();
    private readonly TerminalOutput terminal;
    private readonly IRunView view;

    /// <summary>Opens the live display, or plain lines where there is no terminal for it.</summary>
    public RunPresenter(Session session, Job job, bool plain)
    {
        terminal = session.Terminal;
        if (plain || !terminal.Interactive)
        {
            view = new PlainView(terminal.Out);
        }
        else
        {
            view = new LiveView(LiveView.Console(terminal), job.Model.CheckShapes().Sum(layer => layer.Parameters));
            session.Interruption.AtOnce(() => LiveView.RestoreCursor(terminal.Out));
        }

        session.Interruption.Token.Register(() => Notice("interrupted: ending in order (once more ends at once)"));
    }

    /// <summary>Takes a snapshot.</summary>
    public void Show(RunProgress progress) => view.Show(progress);

    /// <summary>Prints a line that stays.</summary>
    public void Notice(string line) => view.Notice(line);

    /// <summary>Closes the display, prints the last lines and says with which code to exit.</summary>
    /// <param name="outcome">How the job ended.</param>
    /// <param name="causes">What is known here of the cause of a failure, such as the end of a child.</param>
    public int Finish(JobOutcome outcome, IReadOnlyList<string> causes)
    {
        view.Dispose();
        foreach (var line in OutcomeText.Lines(outcome, watch.Elapsed.TotalSeconds)) terminal.Out.WriteLine(line);
        switch (outcome.Status)
        {
            case JobStatus.Completed:
                return ExitCodes.Done;
            case JobStatus.Interrupted:
                if (outcome.Reason is { } reason) terminal.Error.WriteLine(ExitCodes.Line(reason));
                return ExitCodes.Interrupted;
            default:
                terminal.Error.WriteLine(ExitCodes.Line(string.Join("; ", (string[])[outcome.Reason ?? "the job failed", .. causes])));
                return outcome.Status == JobStatus.BadInput ? ExitCodes.BadInput : ExitCodes.Failed;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => view.Dispose();
}
