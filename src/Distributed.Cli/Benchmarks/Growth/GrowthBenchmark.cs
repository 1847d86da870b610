using System.Diagnostics;
using Distributed.Cli.Benchmarks.Memory;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Launching;

namespace Distributed.Cli.Benchmarks.Growth;

/// <summary>Makes steps with real processes for a long time and looks at every process again and again: nothing may become more.</summary>
/// <param name="time">How long to look.</param>
/// <param name="told">Hears of it now and then.</param>
internal sealed class GrowthBenchmark(OwnProgram program, TimeSpan time, Action<string> told)
{
    /// <summary>Of the time, in which heaps and pools reach the size that they keep.</summary>
    public const double WarmShare = 0.2;

    private const int Looks = 600;
    private const int Told = 10;

    /// <summary>Trains the job for so long.</summary>
    public async Task<IReadOnlyList<GrowthFigures>> RunAsync(Job job, string? config, Action<Action> onKill, CancellationToken cancellation)
    {
        var seen = new Dictionary<string, List<ProcessLoad>>();
        var since = 0L;
        var saidAt = 0;
        // The nodes say how they are once a second.
        var every = TimeSpan.FromSeconds(Math.Max(1, time.TotalSeconds / Looks));
        await new WatchedRun(program).RunAsync(job, config, every, Look, onKill, cancellation);
        return [.. seen.OrderBy(process => process.Key, StringComparer.Ordinal).Select(process => GrowthFigures.Of(process.Key, process.Value, WarmShare))];

        bool Look(long step, IReadOnlyList<WatchedNode> nodes)
        {
            if (since == 0) since = Stopwatch.GetTimestamp();
            var passed = Stopwatch.GetElapsedTime(since);
            foreach (var node in nodes)
            {
                if (!seen.TryGetValue(node.Name, out var loads)) seen.Add(node.Name, loads = []);
                loads.Add(ProcessLoad.Of(node.ProcessId, passed.TotalSeconds, step, node.Status.ManagedInUse, node.Status.PausedSeconds));
            }

            if (passed >= time * (saidAt + 1) / Told)
            {
                saidAt = (int)(passed * Told / time);
                told($"{passed.TotalMinutes:F1} minutes, step {step}: {string.Join(", ", seen.Select(process => $"{process.Key} {process.Value[^1].Anonymous / 1e6:F1} MB"))}");
            }

            return passed < time;
        }
    }
}
