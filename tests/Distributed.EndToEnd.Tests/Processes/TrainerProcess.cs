using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Distributed.EndToEnd.Tests;

/// <summary>How a <see cref="TrainerProcess"/> ended, and all that it printed.</summary>
internal sealed record Ended(int Code, string Output, string Error);

/// <summary>
/// The built program, started as a user starts it. Its children carry a mark in their environment, so that they are found whoever is
/// their parent by now; disposing ends every process that is left, by its id.
/// </summary>
internal sealed partial class TrainerProcess : IDisposable
{
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Continue = 18;
    public const int Stop = 19;

    /// <summary>Far beyond what anything here takes; a loaded machine is slow.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private const string Mark = "TRAINER_END_TO_END_TEST";

    private readonly string mark = $"{Mark}={Guid.NewGuid():N}";
    private readonly Process process;
    private readonly List<string> output = [];
    private readonly List<string> errors = [];
    private readonly Task printed;

    private TrainerProcess(string folder, IReadOnlyList<string> command)
    {
        var start = new ProcessStartInfo(command[0])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in command.Skip(1)) start.ArgumentList.Add(argument);
        var equals = mark.IndexOf('=', StringComparison.Ordinal);
        start.Environment[mark[..equals]] = mark[(equals + 1)..];
        process = Process.Start(start)!;
        process.StandardInput.Close();
        printed = Task.WhenAll(Read(process.StandardOutput, output), Read(process.StandardError, errors));
    }

    /// <summary>The built program.</summary>
    public static string Program => Built("Distributed.Cli", "trainer.dll");

    public int Id => process.Id;

    /// <summary>What it has printed so far.</summary>
    public string Output => Text(output);

    /// <summary>Starts <c>trainer</c> with arguments in a working folder.</summary>
    public static TrainerProcess Start(string folder, params string[] arguments) => new(folder, ["dotnet", Program, .. arguments]);

    /// <summary>
    /// Starts the example of the trainer as a library, as a terminal does: interrupts reach it even where these tests run in the
    /// background of a script, which ignores them.
    /// </summary>
    public static TrainerProcess StartExample(string folder, params string[] arguments) =>
        new(folder, ["env", "--default-signal=INT", "dotnet", Built("Distributed.Examples", "Distributed.Examples.dll"), .. arguments]);

    /// <summary>Starts it on a machine of a test network.</summary>
    public static TrainerProcess StartOn(string machine, string folder, params string[] arguments) =>
        new(folder, ["ip", "netns", "exec", machine, "dotnet", Program, .. arguments]);

    /// <summary>
    /// Starts a command on a machine of a test network with <paramref name="hosts"/> in the place of its /etc/hosts, and additions to its environment
    /// (<c>NAME=value</c>).
    /// </summary>
    public static TrainerProcess StartOn(string machine, string folder, string hosts, IEnumerable<string> environment, params string[] command) => new(
        folder, ["ip", "netns", "exec", machine, "bash", "-c", "mount --bind \"$0\" /etc/hosts && exec env \"$@\"", hosts, .. environment, .. command]);

    /// <summary>Starts any command.</summary>
    public static TrainerProcess StartCommand(string folder, params string[] command) => new(folder, command);

    /// <summary>Starts <c>deploy/ssh/launch.sh</c>, with test machines for those that ssh reaches.</summary>
    public static TrainerProcess Launch(string folder, params string[] arguments) => new(
        folder,
        [
            "env", "--default-signal=INT", $"MACHINES={Path.Combine(folder, "machines")}", $"TRAINER_SSH=bash {Path.Combine(AppContext.BaseDirectory, "ssh.sh")}",
            "bash", Path.Combine(Repository, "deploy", "ssh", "launch.sh"), .. arguments,
        ]);

    /// <summary>Starts it as a shell without job control starts a background command.</summary>
    public static TrainerProcess StartWithInterruptIgnored(string folder, params string[] arguments) =>
        new(folder, ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", "dotnet", Program, .. arguments]);

    /// <summary>Starts it and waits for its end.</summary>
    public static async Task<Ended> RunAsync(string folder, params string[] arguments)
    {
        using var trainer = Start(folder, arguments);
        return await trainer.EndAsync(Patience);
    }

    /// <summary>Waits for its end; what it printed is in the message when it does not come in time.</summary>
    public async Task<Ended> EndAsync(TimeSpan within)
    {
        try
        {
            await process.WaitForExitAsync().WaitAsync(within);
            await printed.WaitAsync(within);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"expected the end of the process within {within.TotalSeconds:F0} s; it printed: {Text(output)} {Text(errors)}");
        }

        return new Ended(process.ExitCode, Text(output), Text(errors));
    }

    /// <summary>Waits until a line of its standard output contains a text.</summary>
    public Task UntilItPrintsAsync(string text) => UntilAsync(() => Text(output).Contains(text, StringComparison.Ordinal), $"'{text}'");

    /// <summary>The first line of its standard output that contains a text.</summary>
    public string Printed(string text) => Text(output).Split('\n').First(line => line.Contains(text, StringComparison.Ordinal));

    /// <summary>Waits until it has printed a text after another one.</summary>
    public Task UntilItPrintsAsync(string text, string after) => UntilAsync(
        () => Text(output) is var all && all.IndexOf(after, StringComparison.Ordinal) is >= 0 and var at && all.IndexOf(text, at, StringComparison.Ordinal) >= 0,
        $"'{text}' after '{after}'");

    /// <summary>Waits for a condition, for as long as the process runs.</summary>
    public async Task UntilAsync(Func<bool> condition, string what)
    {
        var since = Stopwatch.StartNew();
        while (!condition())
        {
            if (process.HasExited || since.Elapsed > Patience)
                Assert.Fail($"waited for {what} for {since.Elapsed.TotalSeconds:F0} s; the process {(process.HasExited ? "has ended" : "runs")} and printed: {Text(output)} {Text(errors)}");
            await Task.Delay(20);
        }
    }

    public void Signal(int signal) => Assert.True(Send(Id, signal) == 0, $"the process {(process.HasExited ? $"has ended with {process.ExitCode}" : "runs")} and printed: {Text(output)} {Text(errors)}");

    public static void Signal(int process, int signal) => Assert.Equal(0, Send(process, signal));

    /// <summary>Ids and node names of the processes that it started and that are there.</summary>
    public IReadOnlyDictionary<string, int> Children()
    {
        var children = new Dictionary<string, int>();
        foreach (var folder in Directory.GetDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out var id) || id == Id || !Words(folder, "environ").Contains(mark)) continue;
            var command = Words(folder, "cmdline");
            children[command.SkipWhile(word => word != "--name").ElementAtOrDefault(1) ?? $"{id}"] = id;
        }

        return children;
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        foreach (var child in Children().Values) _ = Send(child, Kill);
        process.Dispose();
    }

    /// <summary>A program that a build of this configuration made, beside the tests' own output.</summary>
    private static string Built(string project, string file)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Path.Combine(own.Parent!.Parent!.FullName, project, own.Name, file);
    }

    /// <summary>The repository's root.</summary>
    public static string Repository => new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)).Parent!.Parent!.Parent!.Parent!.FullName;

    private static async Task Read(StreamReader reader, List<string> lines)
    {
        while (await reader.ReadLineAsync() is { } line)
            lock (lines) lines.Add(line);
    }

    private static string Text(List<string> lines)
    {
        lock (lines) return string.Join('\n', lines);
    }

    private static string[] Words(string folder, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, file)).Split('\0');
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It has ended in this moment, or is another user's.
            return [];
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int process, int signal);
}
