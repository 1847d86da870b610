using System.CommandLine;
using Distributed.Cli.Terminal;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Protocol;
using Distributed.Learning;
using Spectre.Console;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer status</c> and <c>trainer watch</c>: how a run stands, once or for as long as one looks.</summary>
internal static class StatusCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer status --seed 10.0.0.5:4053                       the job, its workers and servers, from any machine",
        "trainer status runs/digits-20300101-120000 --json         a run by its folder, for other programs",
        "trainer watch --seed 10.0.0.5:4053                        the same on the whole screen, with curves, until q",
    ];

    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan DrawAtLeastEvery = TimeSpan.FromSeconds(1);

    /// <summary>The status, once.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("status", "Shows how a run stands: progress, workers, servers.");
        var source = new RunOrCluster(command);
        var json = new Option<bool>("--json") { Description = "as JSON, for other programs" };
        command.Add(json);
        command.SetAction(async (parsed, _) =>
        {
            session.Interruption.Listen();
            ClusterStatus status;
            if (source.Folder(parsed) is { } folder)
            {
                status = OfFolder(folder);
            }
            else
            {
                await using var client = await ClusterClient.ConnectAsync(source.Seeds(parsed), source.Config(parsed), session.Interruption.Token, source.Security(parsed, session));
                status = await AskAsync(client, source.Job(parsed), session.Interruption.Token);
            }

            if (parsed.GetValue(json)) session.Terminal.Out.WriteLine(JsonText.Of(status));
            else Print(session.Terminal, status);
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>The status on the whole screen.</summary>
    public static Command CreateWatch(Session session)
    {
        var command = new Command("watch", "Shows how a run goes on, on the whole screen with its curves, until q or Ctrl-C.");
        var source = new RunOrCluster(command);
        command.SetAction(async (parsed, _) =>
        {
            var folder = source.Folder(parsed);
            if (!session.Terminal.Interactive || Console.IsInputRedirected)
                throw new BadInputException("watch: expected a terminal; 'trainer status' prints the same once");
            session.Interruption.Listen();
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(session.Interruption.Token);
            await using var client = folder is null ? await ClusterClient.ConnectAsync(source.Seeds(parsed), source.Config(parsed), ended.Token, source.Security(parsed, session)) : null;
            await WatchAsync(session, folder is null ? () => AskAsync(client!, source.Job(parsed), ended.Token) : () => Task.FromResult(OfFolder(folder)), ended);
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task WatchAsync(Session session, Func<Task<ClusterStatus>> ask, CancellationTokenSource ended)
    {
        using var screen = new WatchScreen(session.Terminal.Out);
        session.Interruption.AtOnce(screen.Dispose);
        // Reading a key blocks for as long as none comes, so it has a thread, which the process's end takes along.
        new Thread(() => AwaitQuit(ended)) { Name = "keys", IsBackground = true }.Start();
        var newest = new Known(null, null);
        var asking = Task.Run(async () =>
        {
            while (!ended.IsCancellationRequested)
            {
                try
                {
                    newest = new Known(await ask(), null);
                }
                catch (Exception exception) when (exception is TimeoutException or IOException)
                {
                    // The coordinator moves, or the network is down: what was known stays, and the next answer takes its place.
                    newest = newest with { Problem = exception.Message };
                }

                await Task.Delay(AskEvery, ended.Token);
            }
        });
        try
        {
            (Known? Known, (int, int) Size, DateTimeOffset At) drawn = default;
            while (!asking.IsCompleted)
            {
                var (known, size, now) = (newest, TerminalOutput.Size, DateTimeOffset.UtcNow);
                // Drawing costs far more than looking whether there is something new. An answer that stays grows old, and says so.
                if (!ReferenceEquals(known, drawn.Known) || size != drawn.Size || now - drawn.At >= DrawAtLeastEvery)
                {
                    drawn = (known, size, now);
                    screen.Show(WatchScreen.Frame(known.Status, known.Problem, now, size.Width, size.Height, session.Terminal.Colours));
                }

                await Task.WhenAny(asking, Task.Delay(LookEvery, ended.Token));
                ended.Token.ThrowIfCancellationRequested();
            }

            await asking;
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // Whoever looked has seen enough.
        }
    }

    private static void AwaitQuit(CancellationTokenSource ended)
    {
        try
        {
            while (Console.ReadKey(intercept: true).Key is not (ConsoleKey.Q or ConsoleKey.Escape))
            {
                // Other keys mean nothing.
            }

            ended.Cancel();
        }
        catch (Exception exception) when (exception is InvalidOperationException or IOException or ObjectDisposedException)
        {
            // The terminal's input is gone, or the view has ended: there is Ctrl-C.
        }
    }

    private static ClusterStatus OfFolder(string folder) =>
        RunStatusFile.Read(folder) ?? throw new BadInputException($"{folder}: expected the folder of a run with its {RunStatusFile.Name}, which older versions did not write");

    private static async Task<ClusterStatus> AskAsync(ClusterClient client, string? job, CancellationToken cancellation) =>
        // An answer is as old as it is here: the clocks of two machines may differ.
        (await client.AskAsync<WatchMessages.Status>(new WatchMessages.AskStatus(job), cancellation)).Cluster with { Time = DateTimeOffset.UtcNow };

    private static void Print(TerminalOutput terminal, ClusterStatus status)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(terminal.Out),
            Ansi = terminal.Interactive ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = terminal.Colours ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        });
        // Rows are not broken for a pipe's sake, nor for a narrow terminal's.
        console.Profile.Width = Math.Max(console.Profile.Width, 150);
        console.Write(new Rows(StatusLayout.Head(status, DateTimeOffset.UtcNow).Concat(StatusLayout.Tables(status, int.MaxValue))));
    }

    /// <summary>The newest status, and why there is none newer, where there is a reason.</summary>
    private sealed record Known(ClusterStatus? Status, string? Problem);
}
