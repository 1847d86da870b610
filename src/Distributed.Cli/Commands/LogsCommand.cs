using System.CommandLine;
using Distributed.Cli.Terminal;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Monitoring.Logs;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Protocol;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer logs</c>: the events of all nodes of a run, in order of time.</summary>
internal static class LogsCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer logs runs/digits-20300101-120000 --level warning   what went wrong in a run",
        "trainer logs --seed 10.0.0.5:4053 --follow                 what happens in the running job, from any machine",
        "trainer logs --seed 10.0.0.5:4053 --job 1f3c --json        a job of the cluster's history, for other programs",
    ];

    /// <summary>Until new events are asked for again. The cluster holds them back for longer.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("logs", "Shows the events of all nodes of a run, in order of time.");
        var source = new RunOrCluster(command);
        var follow = new Option<bool>("--follow") { Description = "goes on with new events until the run is over" };
        var nodes = Parsing.Several("--node", "NAME", "only events of this node, such as worker-1 or worker-*; may be given several times", Parsing.CheckNotEmpty);
        var events = Parsing.Several("--event", "NAME", "only this kind of event, such as straggler; may be given several times", Parsing.CheckNotEmpty);
        var level = Parsing.OneOf("--level", "only events of this level or above", "debug", "info", "warning", "error");
        var last = Parsing.WholeNumber("--last", "N", 0, 1_000_000, "of the events there are, only the newest N");
        var json = new Option<bool>("--json") { Description = "the events as JSON lines, as they were written" };
        foreach (var option in (Option[])[follow, nodes, events, level, last, json]) command.Add(option);
        command.SetAction(async (parsed, _) =>
        {
            session.Interruption.Listen();
            var cancellation = session.Interruption.Token;
            var filter = new EventFilter(parsed.GetValue(nodes) ?? [], parsed.GetValue(events) ?? [], parsed.GetValue(level) ?? EventFilter.Levels[0]);
            var text = parsed.GetValue(json) ? null : new EventText(session.Terminal.Colours);
            var output = new LogOutput(session.Terminal.Out, filter, text, parsed.GetValue(last));
            try
            {
                if (source.Folder(parsed) is { } folder)
                    await ShowAsync(place => Task.FromResult(PageOf(folder, place)), output, parsed.GetValue(follow), cancellation);
                else
                    await ShowClusterAsync(session, source, parsed, output, parsed.GetValue(follow), cancellation);
            }
            catch (OperationCanceledException) when (session.Interruption.Requested)
            {
                // Following ends when it is told to: that is how it is meant.
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task ShowClusterAsync(
        Session session, RunOrCluster source, ParseResult parsed, LogOutput output, bool follow, CancellationToken cancellation)
    {
        await using var client = await ClusterClient.ConnectAsync(source.Seeds(parsed), source.Config(parsed), cancellation, source.Security(parsed, session));
        var job = source.Job(parsed);
        await ShowAsync(
            async place =>
            {
                var log = await client.AskAsync<WatchMessages.Log>(new WatchMessages.ReadLog(job, place.Part, place.Offset), cancellation);
                // The job that was meant first is meant from now on.
                job = log.Job.ToString("N");
                return (new LogPage(log.Lines, new LogPlace(log.Part, log.Offset), log.AtEnd), log.Over);
            },
            output,
            follow,
            cancellation);
    }

    private static (LogPage Page, bool Over) PageOf(string folder, LogPlace place)
    {
        // Asked first: what a run that is over had to say is there.
        var over = RunStatusFile.IsOver(folder);
        var page = LogReader.Read(folder, place, 1 << 20);
        return (page, over && page.AtEnd);
    }

    private static async Task ShowAsync(
        Func<LogPlace, Task<(LogPage Page, bool Over)>> read, LogOutput output, bool follow, CancellationToken cancellation)
    {
        var place = default(LogPlace);
        while (true)
        {
            var (page, over) = await read(place);
            place = page.Next;
            output.Take(page.Lines);
            if (!page.AtEnd) continue;
            output.CaughtUp();
            if (!follow || over) return;
            await Task.Delay(Pause, cancellation);
        }
    }

    /// <summary>Prints events; of those that are there at first only the newest, where so many are asked for.</summary>
    private sealed class LogOutput(TextWriter output, EventFilter filter, EventText? text, int? last)
    {
        private readonly Queue<(string Line, LogEvent Entry)> held = new();
        private bool caughtUp;

        public void Take(IEnumerable<string> lines)
        {
            foreach (var line in lines)
            {
                LogEvent entry;
                try
                {
                    entry = JsonLines.Parse(line);
                }
                catch (FormatException)
                {
                    // A machine that lost its power leaves half a line; the rest of the log is worth reading.
                    continue;
                }

                if (!filter.Shows(entry)) continue;
                if (last is not { } most || caughtUp)
                {
                    Print(line, entry);
                    continue;
                }

                held.Enqueue((line, entry));
                if (held.Count > most) held.Dequeue();
            }
        }

        public void CaughtUp()
        {
            caughtUp = true;
            while (held.TryDequeue(out var next)) Print(next.Line, next.Entry);
            output.Flush();
        }

        private void Print(string line, LogEvent entry)
        {
            foreach (var shown in text?.Lines(entry) ?? [line]) output.WriteLine(shown);
        }
    }
}
