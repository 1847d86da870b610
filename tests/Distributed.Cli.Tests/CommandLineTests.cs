using Distributed.Cli.Processes;
using Distributed.Cli.Terminal;

namespace Distributed.Cli.Tests;

public class CommandLineTests
{
    [Theory]
    [InlineData("", "trainer: expected a command: local, ")]
    [InlineData("lcoal", "trainer: unknown command 'lcoal'; did you mean 'local'? (see 'trainer --help')")]
    [InlineData("local --wrokers 2", "trainer: unknown option '--wrokers'; did you mean '--workers'? (see 'trainer local --help')")]
    [InlineData("local --verbos", "trainer: unknown option '--verbos'; did you mean '--verbose'? (see 'trainer local --help')")]
    [InlineData("local digits more", "trainer: unknown argument 'more' (see 'trainer local --help')")]
    [InlineData("local --workers 0", "trainer: --workers: expected a whole number from 1 to 1024, got '0' (see 'trainer local --help')")]
    [InlineData("local --workers 2.5", "trainer: --workers: expected a whole number from 1 to 1024, got '2.5' (see 'trainer local --help')")]
    [InlineData("local --set =1", "trainer: --set: expected path=value (such as optimizer.learning-rate=0.01), got '=1' (see 'trainer local --help')")]
    [InlineData("local --config nowhere", "trainer: --config nowhere: no such file (see 'trainer local --help')")]
    [InlineData("local --data nowhere", "trainer: --data nowhere: no such folder (see 'trainer local --help')")]
    [InlineData("node", "trainer: Option '--role' is required (see 'trainer node --help')")]
    [InlineData("node --role boss", "trainer: --role: expected one of coordinator, server, worker, got 'boss' (see 'trainer node --help')")]
    [InlineData("node --role worker --seed head", "trainer: --seed: expected HOST:PORT, got 'head' (see 'trainer node --help')")]
    [InlineData("node --role worker --port 65536", "trainer: --port: expected a whole number from 0 to 65535, got '65536' (see 'trainer node --help')")]
    [InlineData("node --role server", "trainer: --role server needs --seed HOST:PORT of the cluster to join (only a coordinator founds one)")]
    [InlineData("logs", "trainer: logs: expected RUN, the folder of a run, or --seed HOST:PORT of a cluster (see 'trainer logs --help')")]
    [InlineData("logs runs/x --seed head:1", "trainer: logs: expected RUN, the folder of a run, or --seed HOST:PORT of a cluster, not both (see 'trainer logs --help')")]
    [InlineData("logs nowhere", "trainer: nowhere: no such folder")]
    [InlineData("logs --level loud --seed head:1", "trainer: --level: expected debug or info or warning or error, got 'loud' (see 'trainer logs --help')")]
    [InlineData("status runs/x --job 1", "trainer: --job: expected --seed HOST:PORT with it, whose cluster has the job (see 'trainer status --help')")]
    [InlineData("watch --seed head", "trainer: --seed: expected HOST:PORT, got 'head' (see 'trainer watch --help')")]
    [InlineData("cancel --seed head:1", "trainer: Required argument 'ID' missing for command: 'cancel' (see 'trainer cancel --help')")]
    [InlineData("submit digits", "trainer: Option '--seed' is required (see 'trainer submit --help')")]
    [InlineData("local nowhere", "trainer: no job 'nowhere': no such file, and the jobs that ship are ")]
    [InlineData("local @nowhere", "trainer: no job '@nowhere': no such file, and the jobs that ship are ")]
    public async Task A_wrong_command_line_is_one_line_with_a_hint(string commandLine, string line)
    {
        var (code, output, error) = await RunAsync(commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith(line, error);
        Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(ExitCodes.BadInput, code);
        Assert.Empty(output);
    }

    [Theory]
    [InlineData("--help", "trainer local mnist-cnn", false)]
    [InlineData("--help", "local ", true)]
    [InlineData("local --help", "--workers", true)]
    [InlineData("local --help", "trainer local mnist-cnn --workers 4 --data ~/data", true)]
    [InlineData("node --help", "--data-port", true)]
    [InlineData("node --help", "trainer node --role coordinator --host 10.0.0.5 --port 4053", true)]
    [InlineData("logs --help", "trainer logs --seed 10.0.0.5:4053 --follow", true)]
    [InlineData("watch --help", "trainer watch --seed 10.0.0.5:4053", true)]
    [InlineData("cancel --help", "trainer cancel 1f3c --seed 10.0.0.5:4053", true)]
    [InlineData("submit --help", "trainer submit mnist-cnn --seed 10.0.0.5:4053", true)]
    [InlineData("local --wrokers --help", "Examples:", true)]
    public async Task Help_shows_options_and_examples_of_the_command(string commandLine, string text, bool expected)
    {
        var (code, output, error) = await RunAsync(commandLine.Split(' '));
        Assert.Equal(ExitCodes.Done, code);
        Assert.Equal(expected, output.Contains(text, StringComparison.Ordinal));
        Assert.Empty(error);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(string[] arguments)
    {
        using var interruption = new Interruption();
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync(arguments, new Session(new TerminalOutput(output, error, Interactive: false), interruption));
        return (code, output.ToString(), error.ToString());
    }
}
