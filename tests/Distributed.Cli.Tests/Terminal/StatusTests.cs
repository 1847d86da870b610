using Distributed.Cli.Terminal;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Spectre.Console;

namespace Distributed.Cli.Tests.Terminal;

/// <summary>What <c>status</c> prints and <c>watch</c> draws.</summary>
public sealed class StatusTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly JobEntry Job = new(Guid.Parse("01234567-89ab-cdef-0123-456789abcdef"), "digits", 2, 1, "runs/digits", Now, Now);

    [Fact]
    public void A_status_tells_the_job_a_row_a_worker_and_a_row_a_server()
    {
        var text = Text(Status());
        Assert.Contains("digits (01234567)  running: training  runs/digits", text, StringComparison.Ordinal);
        Assert.Contains("epoch 2/6  step 84/378  loss 0.0813  9,812 samples/s  30 s, 1 min 14 s left", text, StringComparison.Ordinal);
        Assert.Equal(["worker-1", "0-1", "84", "computing", "12.3", "0.0", "1.2", "4,905", "0.0", "150", "MB", "0.9"], Row(text, "worker-1"));
        Assert.Equal(["worker-2", "2-3", "84", "[odd]", "120", "0.0", "0.5", "4,906", "108"], Row(text, "worker-2"));
        Assert.Equal(["server-1", "2", "83", "1.7", "MB", "1", "3.0", "MB", "4.0", "MB", "90.0", "MB", "0.3"], Row(text, "server-1"));
        Assert.Contains("idle (worker)", text, StringComparison.Ordinal);
        Assert.Contains("1 more job waits", text, StringComparison.Ordinal);
        Assert.DoesNotContain("ago", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_status_that_is_old_says_so_unless_the_job_is_over()
    {
        var old = Status() with { Time = Now.AddSeconds(-90) };
        Assert.Contains("as of 1 min 30 s ago: nothing was heard since", Text(old), StringComparison.Ordinal);
        var over = old with { Run = old.Run! with { Job = Job with { Outcome = JobStatus.Failed, Reason = "worker-1 is gone" } } };
        Assert.DoesNotContain("ago", Text(over), StringComparison.Ordinal);
        Assert.Contains("digits (01234567)  failed  runs/digits", Text(over), StringComparison.Ordinal);
        Assert.Contains("worker-1 is gone", Text(over), StringComparison.Ordinal);
    }

    [Fact]
    public void A_worker_that_is_a_step_behind_lags_for_as_long_as_it_is()
    {
        var (ahead, behind) = (new WorkerProgress("a", "0", 8, "exchanging", 10, 1, 1) { PhaseSeconds = 3 }, new WorkerProgress("b", "1", 7, "computing", 9, 1, 1) { PhaseSeconds = 4 });
        Assert.Equal(4000, StatusLayout.Lag(behind, [ahead, behind]));
        Assert.Equal(1, StatusLayout.Lag(ahead, [ahead, behind]));
    }

    [Theory]
    [InlineData(120, 40)]
    [InlineData(80, 24)]
    [InlineData(20, 6)]
    [InlineData(10, 1)]
    public void A_frame_is_as_high_as_the_screen_and_no_wider(int width, int height)
    {
        var lines = WatchScreen.Frame(Status(), null, Now, width, height, colours: false);
        Assert.Equal(Math.Max(1, height), lines.Count);
        Assert.All(lines.SkipLast(1), line => Assert.InRange(line.Length, 0, width));
        Assert.StartsWith("q ends", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_frame_shows_curves_and_notices()
    {
        var text = string.Join('\n', WatchScreen.Frame(Status(), "no answer", Now, 120, 50, colours: false));
        Assert.Contains("training loss  test loss", text, StringComparison.Ordinal);
        Assert.Contains(text, c => c is > (char)0x2800 and <= (char)0x28ff);
        Assert.Contains("no answer", text, StringComparison.Ordinal);
        Assert.Contains("epoch 1/6  [done]", text, StringComparison.Ordinal);
        Assert.Contains("connecting", string.Join('\n', WatchScreen.Frame(null, null, Now, 80, 24, colours: true)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_screen_is_given_back_once_and_nothing_is_drawn_on_it_then()
    {
        var output = new StringWriter();
        var screen = new WatchScreen(output);
        screen.Show(["a", "b"]);
        screen.Dispose();
        screen.Show(["c"]);
        screen.Dispose();
        Assert.Equal("\e[?1049h\e[?25l\e[H\e[2J\e[Ha\e[K\r\nb\e[K\e[J\e[0m\e[?25h\e[?1049l", output.ToString());
    }

    [Fact]
    public void A_chart_draws_a_rising_line_from_the_lower_left_to_the_upper_right()
    {
        var rising = Enumerable.Range(0, 9).Select(i => new CurvePoint(i, i)).ToArray();
        var lines = BrailleChart.Draw([(rising, "blue")], 6 + 1 + 4, 2).Select(Markup.Remove).ToArray();
        Assert.Equal(["8.0000   ", "     0 "], [lines[0][..9], lines[1][..7]]);
        Assert.All(lines[0][9..], c => Assert.InRange(c, (char)0x2801, (char)0x28ff));
        Assert.All(lines[1][7..9], c => Assert.InRange(c, (char)0x2801, (char)0x28ff));
        Assert.Empty(BrailleChart.Draw([(rising[..1], "blue")], 40, 4));
        Assert.Empty(BrailleChart.Draw([(rising, "blue")], 3, 4));
    }

    private static ClusterStatus Status() => new(
        Now, "coordinator",
        new RunStatus(
            Job, Snapshots.At(84, 30), 74, [.. Enumerable.Range(1, 84).Select(i => new CurvePoint(i, 2.0 / i))], [new(42, 0.5), new(84, 0.3)], ["epoch 1/6  [done]"]),
        [
            Node("idle", "worker", 1), Node("server-1", "server", 90_000_000) with { CoresBusy = 0.3, Server = new ServerFigures(2, 83, 1_686_568, 1, [new("worker-1", "tcp", 3_000_000, 4_000_000)]) },
            Node("worker-1", "worker", 150_000_000) with { CoresBusy = 0.9 },
        ],
        1);

    private static NodeStatus Node(string name, string role, long memory) => new(name, [role], "10.0.0.1:4053", 7, 2, memory, 0, null);

    private static string[] Row(string text, string name) =>
        text.Split('\n').First(line => line.TrimStart().StartsWith(name, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static string Text(ClusterStatus status)
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = 150;
        console.Write(new Rows(StatusLayout.Head(status, Now).Concat(StatusLayout.Tables(status, 100))));
        return text.ToString();
    }
}
