using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Distributed.EndToEnd.Tests;

/// <summary>
/// The commands of the README and of the operations guide, executed as they are written, one after another: on a machine that has the addresses which
/// they name, in a folder that has the files which they name. Only those are left out that build the program.
/// </summary>
public sealed partial class GuideTests : IDisposable
{
    /// <summary>What the pages call machines is one, with a home for each.</summary>
    private const string Ssh = """
        #!/usr/bin/env bash
        set -euo pipefail
        while [[ $1 == -* ]]; do shift 2; done
        mkdir -p "$MACHINES/$1"
        cd "$MACHINES/$1"
        exec bash -c "$2"
        """;

    private static readonly TimeSpan Patience = 3 * TrainerProcess.Patience;

    private readonly TemporaryFolder folder = new();
    private readonly TestNetwork network = new(1);
    private readonly List<TrainerProcess> nodes = [];

    public void Dispose()
    {
        foreach (var node in nodes)
            node.Dispose();
        network.Dispose();
        folder.Dispose();
    }

    [NetworkFact]
    [Trait("Category", "Slow")]
    public async Task Every_command_does_what_the_page_says()
    {
        await PrepareAsync();
        var executed = 0;
        foreach (var line in Commands("README.md").Concat(Commands("src/OPERATIONS.md")))
        {
            await PrepareForAsync(line);
            if (line.StartsWith("deploy/trainer node ", StringComparison.Ordinal))
            {
                var node = Shell(line);
                nodes.Add(node);
                await node.UntilItPrintsAsync("\"node-started\"");
            }
            else if (line.Contains(" watch ", StringComparison.Ordinal) || line.Contains("--follow", StringComparison.Ordinal))
            {
                // Whoever watches sees the job; these go on until they are ended.
                using var watching = Shell($"exec script -qefc '{line}' /dev/null");
                await watching.UntilAsync(() => watching.Output.Length > 200, $"'{line}' to show something");
                Assert.DoesNotContain("trainer: ", watching.Output, StringComparison.Ordinal);
            }
            else
            {
                await SucceedsAsync(line);
            }

            executed++;
        }

        Assert.True(executed >= 30, $"{executed} commands");
    }

    /// <summary>The commands of a page's blocks of code, without those that build.</summary>
    private static IEnumerable<string> Commands(string page)
    {
        var within = false;
        foreach (var line in File.ReadLines(Path.Combine(TrainerProcess.Repository, page)))
        {
            within ^= line.StartsWith("```", StringComparison.Ordinal);
            if (within && Command().IsMatch(line) && !Builds().IsMatch(line))
                yield return Comment().Replace(line, "");
        }
    }

    /// <summary>Addresses, and what a reader of the pages has: the program, a job of one's own, data.</summary>
    private async Task PrepareAsync()
    {
        await SucceedsAsync($"ln -s '{TrainerProcess.Repository}/deploy' deploy && for i in 1 2 3 7; do ip address add 10.0.0.$i/32 dev lo; done && mkdir -p bin DIR/mnist data");
        folder.WriteProgram("bin/ssh", Ssh);
        var page = File.ReadAllText(Path.Combine(TrainerProcess.Repository, "README.md"));
        folder.Write("my.hocon", page[page.IndexOf("name = mine", StringComparison.Ordinal)..].Split("```")[0]);
        foreach (var (part, count) in (ReadOnlySpan<(string, int)>)[("train", 600), ("t10k", 100)])
        {
            WriteIdx($"DIR/mnist/{part}-images-idx3-ubyte", [count, 28, 28], i => (byte)(i * 2654435761 >> 24));
            WriteIdx($"DIR/mnist/{part}-labels-idx1-ubyte", [count], i => (byte)(i % 10));
        }

        var text = new StringBuilder();
        for (var i = 0; i < 300; i++)
            text.Append(CultureInfo.InvariantCulture, $"To be {i}, or not to be: that is the question.\n");
        folder.Write("text.txt", text.ToString());
        folder.Write("chars.hocon", """
            model { input = [16], layers = [
              { type = embedding, tokens = 28, width = 12 }, { type = lstm, hidden = 20, output = sequence }, { type = linear, out = 28 } ] }
            data { format = text, file = "text.txt", time = 16, windows = random, test-last = 0.2 }
            optimizer { type = adam, learning-rate = 0.01 }
            epochs = 1, batch = 64
            """);
        folder.Write("ID.hocon", """
            name = ID
            model { input = [1, 28, 28], layers = [flatten, { type = linear, out = 10 }] }
            data { format = digits, train = 500, test = 600 }
            optimizer { type = sgd, learning-rate = 0.01 }
            epochs = 100000, batch = 32, slots = 2, workers = 2
            """);
    }

    /// <summary>What a page takes for granted where a command stands: a run, other nodes' certificates, a job that runs.</summary>
    private async Task PrepareForAsync(string line)
    {
        if (line.StartsWith("deploy/trainer evaluate RUN", StringComparison.Ordinal) || line.StartsWith("deploy/trainer attack RUN", StringComparison.Ordinal))
            await SucceedsAsync("rm -rf RUN && deploy/trainer local digits --set epochs=1 --out RUN");
        if (line.StartsWith("deploy/trainer generate RUN", StringComparison.Ordinal))
            await SucceedsAsync("rm -rf RUN && deploy/trainer local chars.hocon --out RUN");
        // "And so on", says the page.
        if (line.StartsWith("deploy/trainer certs issue me", StringComparison.Ordinal))
            await SucceedsAsync(string.Join(" && ", ((int[])[3, 7]).Select(i => $"deploy/trainer certs issue rack-{i} --role worker --host 10.0.0.{i}")));
        if (line.StartsWith("deploy/trainer jobs ", StringComparison.Ordinal))
            await SucceedsAsync("deploy/trainer submit ID.hocon --detach --certs certs/me --seed 10.0.0.1:4053");
        // Something to warn of.
        if (line.StartsWith("deploy/trainer logs ", StringComparison.Ordinal) && line.Contains("warning", StringComparison.Ordinal))
            nodes[^1].Signal(TrainerProcess.Kill);
    }

    private async Task SucceedsAsync(string line)
    {
        using var command = Shell(line);
        var ended = await command.EndAsync(Patience);
        Assert.True(ended.Code == 0, $"{line}: exit code {ended.Code}: {ended.Error} {ended.Output}");
    }

    private TrainerProcess Shell(string line) => TrainerProcess.StartCommand(
        folder.Path, "ip", "netns", "exec", network.Machines[0].Name, "env", $"PATH={folder.In("bin")}:{Environment.GetEnvironmentVariable("PATH")}",
        $"MACHINES={folder.In("machines")}", "bash", "-c", line);

    private void WriteIdx(string name, int[] shape, Func<long, byte> value)
    {
        var file = new byte[4 + (4 * shape.Length) + shape.Aggregate(1, (product, size) => product * size)];
        (file[2], file[3]) = (8, (byte)shape.Length);
        for (var i = 0; i < shape.Length; i++)
            BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(4 + (4 * i)), shape[i]);
        for (var i = 4 + (4 * shape.Length); i < file.Length; i++)
            file[i] = value(i);
        File.WriteAllBytes(folder.In(name), file);
    }

    [GeneratedRegex("^(deploy/|printf )")]
    private static partial Regex Command();

    [GeneratedRegex(@"^deploy/(local|test)\.sh")]
    private static partial Regex Builds();

    [GeneratedRegex(@"\s+#.*$")]
    private static partial Regex Comment();
}
