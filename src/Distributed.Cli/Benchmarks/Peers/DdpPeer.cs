using System.Diagnostics;
using System.Globalization;
using System.Runtime.Intrinsics.X86;
using System.Text.RegularExpressions;
using Distributed.Learning;

namespace Distributed.Cli.Benchmarks.Peers;

/// <summary>
/// PyTorch's DistributedDataParallel on the same models, measured by a script that is no part of this program:
/// <c>python3 ddp_bench.py WORLD MODEL STEPS</c> prints <c>… step_ms min=… med=…</c>. Where the script or PyTorch is missing there is no peer.
/// </summary>
internal sealed partial class DdpPeer
{
    /// <summary>The variable that names the script where no option does.</summary>
    public const string Variable = "TRAINER_DDP_SCRIPT";

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(5);
    private readonly string python;
    private readonly string script;

    private DdpPeer(string python, string script)
    {
        this.python = python;
        this.script = script;
    }

    /// <summary>Looks for the script (as given, else by <see cref="Variable"/>, else in <c>../shared/peers</c> beside the repository) and PyTorch.</summary>
    /// <param name="given">The script that the user named; null for none.</param>
    /// <param name="missing">What is missing where there is no peer.</param>
    /// <exception cref="BadInputException">The script that the user named does not exist.</exception>
    public static DdpPeer? Find(string? given, out string? missing)
    {
        if (given is not null && !File.Exists(given)) throw new BadInputException($"--peer-script {given}: no such file");
        var script = given ?? Environment.GetEnvironmentVariable(Variable) ?? BesideRepository();
        missing = script is null || !File.Exists(script)
            ? $"no ddp_bench.py in ../shared/peers beside the repository (--peer-script FILE or {Variable} says where it is)"
            : null;
        if (missing is not null) return null;
        // A user's own Python may come first and lack what the system's has.
        var python = ((string[])["python3", "/usr/bin/python3"]).FirstOrDefault(HasTorch);
        missing = python is null ? "no python3 here can import torch" : null;
        return python is null ? null : new DdpPeer(python, Path.GetFullPath(script!));
    }

    /// <summary>Measures the peer once.</summary>
    /// <returns>Its median milliseconds a step.</returns>
    /// <exception cref="IOException">It failed, or printed something else.</exception>
    /// <exception cref="TimeoutException">It does not end.</exception>
    public async Task<double> MeasureAsync(int workers, string model, int steps, CancellationToken cancellation)
    {
        using var process = Start(python, script, Text(workers), model, Text(steps));
        try
        {
            // Both pipes are read to their ends, so that the peer never waits for us.
            var (output, error) = (process.StandardOutput.ReadToEndAsync(cancellation), process.StandardError.ReadToEndAsync(cancellation));
            await process.WaitForExitAsync(cancellation).WaitAsync(Bound, cancellation);
            return Median(await output)
                ?? throw new IOException($"{script}: expected a line with 'step_ms min=… med=…', got: {Last(await output) ?? Last(await error) ?? "nothing"}");
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"{script} did not end within {Bound.TotalSeconds:F0} s");
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }

        static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
        static string? Last(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault();
    }

    /// <summary>The median that the script printed; null where it printed none.</summary>
    internal static double? Median(string output) =>
        Printed().Match(output) is { Success: true } match ? double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : null;

    [GeneratedRegex(@"step_ms min=[\d.]+ med=(\d+(?:\.\d+)?)")]
    private static partial Regex Printed();

    private static string? BesideRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Distributed.sln")))
                return Path.Combine(folder.FullName, "..", "shared", "peers", "ddp_bench.py");
        return null;
    }

    private static bool HasTorch(string python)
    {
        try
        {
            using var process = Start(python, "-c", "import torch.distributed");
            if (process.WaitForExit(TimeSpan.FromMinutes(1))) return process.ExitCode == 0;
            process.Kill(entireProcessTree: true);
            return false;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // No such program.
            return false;
        }
    }

    private static Process Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        // As the workers here: one compute thread a process.
        start.Environment["OMP_NUM_THREADS"] = "1";
        // OpenBLAS takes a processor that is younger than itself for one without AVX, with which the peer's steps take more than twice as long.
        if (Avx512F.IsSupported) start.Environment.TryAdd("OPENBLAS_CORETYPE", "SkylakeX");
        return Process.Start(start) ?? throw new InvalidOperationException($"the system started no process for {program}");
    }
}
