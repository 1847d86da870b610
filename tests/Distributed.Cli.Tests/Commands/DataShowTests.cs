using Distributed.Cli.Processes;
using Distributed.Cli.Terminal;

namespace Distributed.Cli.Tests.Commands;

public sealed class DataShowTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("cli-tests-").FullName;
    private readonly StringWriter output = new();
    private readonly StringWriter error = new();

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Images_are_told_of_and_drawn()
    {
        var sheet = Path.Combine(folder, "sheet.png");

        Assert.Equal(ExitCodes.Done, await RunAsync("data", "show", "digits", "--set", "data.train=90", "--set", "data.test=30", "--set", "data.augment.rotate=10", "--sheet", sheet));

        Assert.Contains("digits (digits): 90 training samples, 30 test samples", output.ToString());
        Assert.Contains("inputs   [1, 28, 28] float32, from -0.477", output.ToString());
        Assert.Matches("\n9 +9 +3\n", output.ToString());
        // A PNG's first bytes, then the header's width and height: 8 images of 56 pixels and gaps of 2.
        var png = await File.ReadAllBytesAsync(sheet);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], png[..4]);
        Assert.Equal([0, 0, 464 >> 8, 464 & 255, 0, 0, 464 >> 8, 464 & 255], png[16..24]);
    }

    [Fact]
    public async Task A_table_is_told_of_with_its_findings_and_first_rows()
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "t.csv"), "a,y\n1,5\n,7\n4,9\n2,1\n3,1\n");
        var job = Path.Combine(folder, "job.hocon");
        await File.WriteAllTextAsync(job, """
            model { input = [1], layers = [ { type = linear, out = 1 } ] }
            data { format = csv, file = "t.csv", target = y, task = regression, test-every = 5 }
            loss = mean-squared-error, optimizer { type = sgd, learning-rate = 0.1 }, epochs = 1, batch = 2
            """);

        Assert.Equal(ExitCodes.Done, await RunAsync("data", "show", job, "--data", folder));
        Assert.Contains("4 training samples, 1 test samples", output.ToString());
        Assert.Contains("a: number from 2 to 4, mean 3, deviation 0.707107, 1 missing, filled with the median 3", output.ToString());
        Assert.Contains("in the data's units", output.ToString());
        Assert.Contains("  0 -> ", output.ToString());

        Assert.Equal(ExitCodes.BadInput, await RunAsync("data", "show", job, "--data", folder, "--set", "model.input=[2]"));
        Assert.Contains("model.input: expected [1], the shape of a sample of this data, got [2]", error.ToString());
        Assert.Equal(ExitCodes.BadInput, await RunAsync("data", "show", job, "--data", folder, "--sheet", "x.png"));
        Assert.Contains("expected data of images", error.ToString());
    }

    [Fact]
    public async Task A_wrong_name_is_answered_with_the_right_ones()
    {
        Assert.Equal(ExitCodes.BadInput, await RunAsync("data", "fetch", "mnis"));
        Assert.Contains("expected one of mnist, fashion-mnist, cifar-10, tinyshakespeare, got 'mnis'; did you mean 'mnist'?", error.ToString());
        Assert.Contains("see 'trainer data fetch --help'", error.ToString());
        Assert.Equal(ExitCodes.BadInput, await RunAsync("data", "shwo"));
        Assert.Contains("unknown command 'shwo'; did you mean 'show'?", error.ToString());
        Assert.Equal(ExitCodes.BadInput, await RunAsync("data"));
        Assert.Contains("expected a command: show, fetch, cache", error.ToString());
    }

    private async Task<int> RunAsync(params string[] arguments)
    {
        using var interruption = new Interruption();
        return await CommandLine.RunAsync(arguments, new Session(new TerminalOutput(output, error, false), interruption));
    }
}
