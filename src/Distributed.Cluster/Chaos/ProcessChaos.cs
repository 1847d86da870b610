using System.Diagnostics;
using System.Globalization;
using Distributed.Cluster.Launching;

namespace Distributed.Cluster.Chaos;

/// <summary>
/// Carries a plan out on this process. Each fault happens once a run, however often its step is made: a file beside the run's others records
/// what has been done, since whoever is killed remembers nothing.
/// </summary>
internal sealed class ProcessChaos(ChaosPlan plan, string node, string record) : IChaos
{
    private readonly Lock gate = new();
    private readonly HashSet<string> done = [.. File.Exists(record) ? File.ReadAllLines(record) : []];

    public void At(ChaosPhase phase, long step)
    {
        foreach (var fault in plan.At(node, phase, step))
        {
            lock (gate)
            {
                if (!done.Add($"{fault}"))
                    continue;
                File.AppendAllText(record, $"{fault}\n");
            }

            Do(fault);
        }
    }

    private static void Do(Fault fault)
    {
        var me = Environment.ProcessId;
        switch (fault.Kind)
        {
            case FaultKind.Kill:
                ProcessSignal.Send(me, ProcessSignal.Kill);
                // The signal ends the process before the call returns, or a moment later.
                Thread.Sleep(Timeout.Infinite);
                break;
            case FaultKind.Pause:
                var seconds = fault.Time.TotalSeconds.ToString(CultureInfo.InvariantCulture);
                using (Process.Start(new ProcessStartInfo("sh", ["-c", $"sleep {seconds}; kill -CONT {me}"])))
                    ProcessSignal.Send(me, ProcessSignal.Stop);
                break;
            default:
                Thread.Sleep(fault.Time);
                break;
        }
    }
}
