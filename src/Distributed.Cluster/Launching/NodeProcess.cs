using System.Diagnostics;

namespace Distributed.Cluster.Launching;

/// <summary>A node in a child process. The child watches its standard input, which this process holds open: it can't outlive us.</summary>
internal sealed class NodeProcess : IDisposable
{
    private const string DiagnosticsVariable = "DOTNET_EnableDiagnostics";

    private readonly Process process;
    private readonly LineTail output;
    private readonly LineTail errors;

    private NodeProcess(string name, Process process)
    {
        Name = name;
        this.process = process;
        Id = process.Id;
        output = new LineTail(process.StandardOutput, $"{name} output");
        errors = new LineTail(process.StandardError, $"{name} errors");
        Exited = WaitAsync();
    }

    /// <summary>The node's name, such as <c>worker-1</c>.</summary>
    public string Name { get; }

    /// <summary>The system's number for the process.</summary>
    public int Id { get; }

    /// <summary>Ends with the process, whichever way it does.</summary>
    public Task<NodeExit> Exited { get; }

    /// <summary>Whether this process has asked it to end: its exit is then no news.</summary>
    public bool Asked { get; private set; }

    /// <summary>The last lines of its log (standard output) and of its standard error.</summary>
    public (IReadOnlyList<string> Output, IReadOnlyList<string> Errors) Tails => (output.Lines, errors.Lines);

    /// <summary>Starts <c>trainer node</c> with <paramref name="arguments"/>.</summary>
    /// <param name="program">This program.</param>
    /// <param name="name">The node's name; <c>--name</c> and <c>--with-parent</c> are added here.</param>
    /// <param name="arguments">What follows <c>node</c> on the command line.</param>
    /// <param name="threads">Compute threads of the job: native libraries size their pools by it before any code of ours runs.</param>
    public static NodeProcess Start(OwnProgram program, string name, IEnumerable<string> arguments, int threads)
    {
        var start = new ProcessStartInfo(program.FileName)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in (string[])[.. program.Leading, "node", "--name", name, "--with-parent", .. arguments]) start.ArgumentList.Add(argument);
        foreach (var (variable, value) in ChildEnvironment(threads)) start.Environment[variable] = value;
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{name}: the system started no process for {program.FileName}");
        return new NodeProcess(name, process);
    }

    /// <summary>
    /// Variables of a child. Many processes share the machine, so each keeps to itself: one garbage-collected heap, the job's number of
    /// native threads. A step allocates and frees the same large tensors: the allocator keeps their memory instead of giving it back and having
    /// every page cleared and mapped anew (a tenth of the step of a network of ten million parameters). Code starts from its precompiled form and is not instrumented, since start-up
    /// matters more; but a worker's and a server's step is compiled again after a thousand calls (1000 is 3E8 to the runtime), not after the sixty thousand of a coordinator, whose
    /// methods are called as often for less (<c>Directory.Build.props</c>).
    /// </summary>
    internal static IReadOnlyDictionary<string, string> ChildEnvironment(int threads) => new Dictionary<string, string>
    {
        // A process that is ended and doesn't end by itself leaves the sockets of its diagnostics behind. Who wants to attach a tool sets it to 1.
        [DiagnosticsVariable] = Environment.GetEnvironmentVariable(DiagnosticsVariable) ?? "0",
        ["DOTNET_gcServer"] = "0",
        ["DOTNET_TieredPGO"] = "0",
        ["DOTNET_TC_QuickJitForLoops"] = "1",
        ["DOTNET_ReadyToRun"] = "1",
        ["DOTNET_TC_CallCountThreshold"] = "3E8",
        ["OMP_NUM_THREADS"] = $"{threads}",
        ["MKL_NUM_THREADS"] = $"{threads}",
        ["MALLOC_ARENA_MAX"] = "1",
        ["MALLOC_MMAP_MAX_"] = "0",
        ["MALLOC_TRIM_THRESHOLD_"] = "2000000000",
        ["GLIBC_TUNABLES"] = "glibc.malloc.hugetlb=1",
    };

    /// <summary>Asks it to end: closes its standard input, which it takes for our end.</summary>
    public void AskToEnd()
    {
        Asked = true;
        try
        {
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already.
        }
    }

    /// <summary>Ends it at once.</summary>
    public void Kill()
    {
        Asked = true;
        try
        {
            process.Kill();
        }
        catch (Exception exception) when (exception is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It has ended already.
        }
    }

    /// <summary>Asks, waits no longer than <paramref name="bound"/>, then kills. Afterwards the process is gone.</summary>
    public async Task<NodeExit> StopAsync(TimeSpan bound)
    {
        AskToEnd();
        if (await Task.WhenAny(Exited, Task.Delay(bound)) != Exited) Kill();
        return await Exited;
    }

    /// <inheritdoc/>
    public void Dispose() => process.Dispose();

    private async Task<NodeExit> WaitAsync()
    {
        await process.WaitForExitAsync();
        // What it said last may still be in the pipe.
        await Task.Run(() => errors.WaitForEnd(TimeSpan.FromSeconds(1)));
        return new NodeExit(Name, process.ExitCode, errors.Last);
    }
}
