using Distributed.Cli.Terminal;
using Distributed.Cluster.Monitoring;
using Spectre.Console;

namespace Distributed.Cli.Tests.Terminal;

public class LiveLayoutTests
{
    [Fact]
    public void The_display_shows_title_bar_figures_and_nodes()
    {
        var drawn = Draw(Snapshots.At(84, 30).Tested(0.0512, 0.981), Snapshots.At(4, 10));
        Assert.Contains("digits  421,642 parameters  training", drawn);
        Assert.Contains($"epoch 2/6 {new string('━', 30)} step 84/378  30 s  1 min 14 s left", drawn);
        Assert.Contains("loss 0.0813  test loss 0.0512  accuracy 98.1 %  9,812 samples/s", drawn);
        Assert.Contains("worker-1", drawn);
        // What looks like markup is text.
        Assert.Contains("[odd]", drawn);
        Assert.Contains("server-1 2 shards, version 84, 1.7 MB", drawn);
    }

    [Fact]
    public void Before_the_first_step_there_is_no_bar()
    {
        var drawn = Draw(Snapshots.At(0, 1, "preparing"), null);
        Assert.Contains("preparing", drawn);
        Assert.DoesNotContain("epoch", drawn);
    }

    [Fact]
    public void More_workers_than_lines_are_counted()
    {
        var many = Snapshots.At(84) with { Workers = [.. Enumerable.Range(1, 40).Select(i => new WorkerProgress($"worker-{i}", "0", 84, "computing", 1, 1, 1))] };
        var drawn = Draw(many, null, height: 20);
        Assert.Contains("worker-11", drawn);
        Assert.DoesNotContain("worker-12", drawn);
        Assert.Contains("and 29 more", drawn);
    }

    private static string Draw(RunProgress progress, RunProgress? first, int height = 40)
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = 120;
        console.Write(LiveLayout.Draw(progress, first, 421_642, height));
        return text.ToString();
    }
}
