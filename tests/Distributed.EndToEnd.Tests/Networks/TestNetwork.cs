using System.Diagnostics;

namespace Distributed.EndToEnd.Tests;

/// <summary>Machines made of network namespaces (network.sh), each with its own address; gone when this is disposed.</summary>
internal sealed class TestNetwork : IDisposable
{
    private static readonly Lazy<bool> Possible = new(() => OperatingSystem.IsLinux() && Run("can").Code == 0);

    private static int made;

    private readonly string name = $"e2e-{Environment.ProcessId}-{Interlocked.Increment(ref made)}";

    public TestNetwork(int machines)
    {
        var (code, output) = Run("up", name, $"{machines}");
        Assert.True(code == 0, output);
        Machines = [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).Select(words => (words[0], words[1]))
            .Where(machine => machine.Item1 != "host")];
    }

    /// <summary>Why tests of networks are skipped here, or null when they can run.</summary>
    public static string? Missing => Possible.Value ? null : "network namespaces can't be made here (root and iproute2 are needed)";

    /// <summary>Name and address of each machine.</summary>
    public IReadOnlyList<(string Name, string Address)> Machines { get; }

    /// <summary>Takes a machine's cable away (its number counts from 0): nothing comes from it any more, and nothing reaches it.</summary>
    public void Cut(int machine) => Set(machine, "down");

    /// <summary>Gives a machine its cable back.</summary>
    public void Mend(int machine) => Set(machine, "up");

    /// <summary>Writes a file like /etc/hosts.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="names">Names of the machines in their order, several of one machine separated by spaces.</param>
    public string WriteHosts(TemporaryFolder folder, params string[] names) => folder.Write(
        "etc-hosts", string.Join('\n', names.Select((name, machine) => $"{Machines[machine].Address} {name}").Prepend("127.0.0.1 localhost")) + "\n");

    public void Dispose() => Run("down", name);

    private void Set(int machine, string state)
    {
        var numbers = Machines[machine].Address.Split('.');
        var (code, output) = Start("ip", "link", "set", $"dt{numbers[2]}v{numbers[3]}", state);
        Assert.True(code == 0, output);
    }

    private static (int Code, string Output) Run(params string[] arguments) => Start("bash", [Path.Combine(AppContext.BaseDirectory, "network.sh"), .. arguments]);

    private static (int Code, string Output) Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }
}

/// <summary>A test of several hosts: skipped, saying so, where they can't be made.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NetworkFactAttribute : FactAttribute
{
    public NetworkFactAttribute() => Skip = TestNetwork.Missing;
}

/// <summary>The same with cases.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NetworkTheoryAttribute : TheoryAttribute
{
    public NetworkTheoryAttribute() => Skip = TestNetwork.Missing;
}
