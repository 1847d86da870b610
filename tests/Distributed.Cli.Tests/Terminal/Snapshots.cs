using Distributed.Cluster.Monitoring;

namespace Distributed.Cli.Tests.Terminal;

/// <summary>Snapshots of runs for the tests of what is shown of them.</summary>
internal static class Snapshots
{
    /// <summary>A run of 6 epochs and 378 steps.</summary>
    public static RunProgress At(long step, double seconds = 0, string phase = "training", params string[] notices) => new(
        "digits", phase, (int)(step / 63) + 1, 6, step, 378, 0.08126, null, null, 9811.7, seconds,
        [new WorkerProgress("worker-1", "0-1", step, "computing", 12.34, 1.2, 4905), new WorkerProgress("worker-2", "2-3", step, "[odd]", 120.4, 0.5, 4906)],
        [new ServerProgress("server-1", 2, step, 1_686_568)], notices);

    public static RunProgress Tested(this RunProgress progress, double loss, double accuracy) => progress with { TestLoss = loss, TestAccuracy = accuracy };
}
