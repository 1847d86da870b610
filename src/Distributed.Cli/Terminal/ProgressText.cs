using System.Globalization;
using Distributed.Cluster.Monitoring;

namespace Distributed.Cli.Terminal;

/// <summary>A snapshot of a run in words: pure functions, without colour and without escape codes.</summary>
internal static class ProgressText
{
    /// <summary>The phases in which steps are counted.</summary>
    public static bool IsUnderWay(RunProgress progress) => progress.Steps > 0 && progress.Step > 0;

    /// <summary>
    /// One line: <c>epoch 2/6  step 126/378  loss 0.0813  test loss 0.0512  accuracy 98.1 %  9,812 samples/s</c>. The test's figures are
    /// left out while there are none.
    /// </summary>
    public static string Line(RunProgress progress)
    {
        if (!IsUnderWay(progress)) return $"{progress.Phase}{Joined(progress)}";
        var parts = new List<string>
        {
            $"epoch {progress.Epoch}/{progress.Epochs}",
            $"step {Whole(progress.Step)}/{Whole(progress.Steps)}",
            $"loss {Figures.Loss(progress.Loss)}",
        };
        if (progress.TestLoss is { } loss) parts.Add($"test loss {Figures.Loss(loss)}");
        if (progress.TestAccuracy is { } accuracy) parts.Add($"accuracy {Figures.Percent(accuracy)}");
        parts.Add($"{Figures.Count(progress.SamplesPerSecond)} samples/s");
        return string.Join("  ", parts);
    }

    /// <summary>Seconds until the last step at the pace so far, null while there is no pace.</summary>
    /// <param name="progress">The newest snapshot.</param>
    /// <param name="first">The first snapshot that had a step: what passed before it (gathering, preparing) says nothing of the pace.</param>
    public static double? SecondsLeft(RunProgress progress, RunProgress first)
    {
        var steps = progress.Step - first.Step;
        var seconds = progress.ElapsedSeconds - first.ElapsedSeconds;
        return steps > 0 && seconds > 0 ? (progress.Steps - progress.Step) * seconds / steps : null;
    }

    /// <summary>The share of the current epoch's steps that are done, 0 to 1.</summary>
    public static double EpochShare(RunProgress progress)
    {
        if (progress.Epochs <= 0 || progress.Steps <= 0) return 0;
        var stepsPerEpoch = (double)progress.Steps / progress.Epochs;
        return Math.Clamp((progress.Step - ((progress.Epoch - 1) * stepsPerEpoch)) / stepsPerEpoch, 0, 1);
    }

    private static string Joined(RunProgress progress) => (progress.Workers.Length, progress.Servers.Length) switch
    {
        (0, 0) => "",
        var (workers, servers) => $": {Plural(workers, "worker")}, {Plural(servers, "server")}",
    };

    private static string Plural(int count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";

    private static string Whole(long value) => value.ToString(CultureInfo.InvariantCulture);
}
