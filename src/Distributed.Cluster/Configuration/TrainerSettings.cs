using System.Globalization;
using Distributed.Learning;
using Microsoft.Extensions.Logging;

namespace Distributed.Cluster.Configuration;

/// <summary>The block <c>trainer { … }</c> of cluster.hocon; the file says what each value means.</summary>
/// <param name="RegisterInterval">How often a node without a coordinator registers again.</param>
/// <param name="Deadlines">After what time a wait ends.</param>
/// <param name="ProgressInterval">How often members tell the coordinator, and it tells those who follow, how far the job is.</param>
/// <param name="Log">The event log.</param>
/// <param name="StragglerFactor">How many times as long as the others a worker may take for a slot before that is told.</param>
/// <param name="Tls">The files of this node's certificate; null for none.</param>
internal sealed record TrainerSettings(
    TimeSpan RegisterInterval, Deadlines Deadlines, TimeSpan ProgressInterval, LogSettings Log, double StragglerFactor = 2,
    TlsFiles? Tls = null)
{
    /// <summary>Reads the block, every key of which is required.</summary>
    /// <param name="section">The section <c>trainer</c>.</param>
    /// <exception cref="BadInputException">A key is missing, unknown or has a value out of range.</exception>
    public static TrainerSettings Read(SettingsSection section)
    {
        var node = section.Section("node");
        var deadlines = section.Section("deadlines");
        var log = section.Section("log");
        var tls = section.Section("tls");
        var settings = new TrainerSettings(
            Duration(node, "register-interval"),
            new Deadlines(
                Duration(deadlines, "gather"), Duration(deadlines, "prepare"), Duration(deadlines, "step-floor"),
                deadlines.Number("step-factor", null, 1, 1000), Duration(deadlines, "handshake"), Duration(deadlines, "silence"),
                Duration(deadlines, "members"), Duration(deadlines, "drain"))
            { Coordinator = Duration(deadlines, "coordinator") },
            Duration(section, "progress-interval"),
            new LogSettings(
                log.OneOf("level", null, "debug", "info", "warning", "error") switch
                {
                    "debug" => LogLevel.Debug,
                    "info" => LogLevel.Information,
                    "warning" => LogLevel.Warning,
                    _ => LogLevel.Error,
                },
                Duration(log, "hold-back"),
                (long)(log.Number("part-megabytes", null, 0.001, 100_000) * 1e6),
                (int)log.Number("parts", null, 2, 10_000)),
            section.Number("straggler-factor", null, 1.1, 1000),
            TlsFiles.Read(tls));
        foreach (var part in new[] { node, deadlines, log, tls, section }) part.RejectUnknownKeys();
        return settings;
    }

    private static TimeSpan Duration(SettingsSection section, string key)
    {
        var text = section.Text(key);
        var number = text.TrimEnd([.. "abcdefghijklmnopqrstuvwxyz"]);
        double? milliseconds = text[number.Length..] switch
        {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => null,
        };
        return milliseconds is { } unit
            && double.TryParse(number, NumberStyles.AllowDecimalPoint | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var value)
            && value * unit is >= 1 and <= 7 * 24 * 3_600_000.0
                ? TimeSpan.FromMilliseconds(value * unit)
                : throw section.Error(key, $"expected a time from 1ms to 168h, such as 250ms, 30s, 2m or 1h, got '{text}'");
    }
}

/// <summary>After what time a wait ends and names who was waited for.</summary>
/// <param name="Gather">Waiting for the workers and servers that a job asks for.</param>
/// <param name="Prepare">From the assignment until the first step can begin.</param>
/// <param name="StepFloor">The least time that a step is granted.</param>
/// <param name="StepFactor">How many times the typical step a step is granted.</param>
/// <param name="Handshake">Opening one link.</param>
/// <param name="Silence">Without any word of a member before the job goes on without it.</param>
/// <param name="Members">Waiting for members while a job has fewer than it needs to go on.</param>
/// <param name="Drain">For a node that is told to end to hand over what it does.</param>
internal sealed record Deadlines(
    TimeSpan Gather, TimeSpan Prepare, TimeSpan StepFloor, double StepFactor, TimeSpan Handshake, TimeSpan Silence, TimeSpan Members, TimeSpan Drain)
{
    /// <summary>Without a coordinator before what a node does for its job is given up.</summary>
    public TimeSpan Coordinator { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>For writing down a model of so many floats: 10 MB/s is the least that is waited for.</summary>
    public TimeSpan Saving(long floats) => Prepare + TimeSpan.FromSeconds(floats * 3 * sizeof(float) / 10e6);
}

/// <summary>The event log.</summary>
/// <param name="Level">The least level of events that are kept.</param>
/// <param name="HoldBack">How long an event waits for earlier ones of other nodes.</param>
/// <param name="PartBytes">The size from which on a part of a run's log is full.</param>
/// <param name="Parts">How many parts of a run's log are kept.</param>
internal sealed record LogSettings(LogLevel Level, TimeSpan HoldBack, long PartBytes = 64_000_000, int Parts = 16);

/// <summary>The files of a node's certificate; relative ones lie beside the configuration file that names them.</summary>
/// <param name="Certificate">The certificate, PEM.</param>
/// <param name="Key">Its private key, PEM.</param>
/// <param name="Authority">The trusted authorities, PEM.</param>
internal sealed record TlsFiles(string Certificate, string Key, string Authority)
{
    /// <summary>Reads the block, whose keys are all empty (no TLS) or all not.</summary>
    /// <exception cref="BadInputException">Only some of them are given.</exception>
    public static TlsFiles? Read(SettingsSection section)
    {
        string[] keys = ["certificate", "key", "authority"];
        var files = keys.Select(key => section.Text(key)).ToArray();
        if (files.All(file => file.Length == 0))
            return null;
        var missing = Array.FindIndex(files, file => file.Length == 0);
        return missing < 0 ? new TlsFiles(files[0], files[1], files[2])
            : throw section.Error(keys[missing], "expected a file in PEM, as the other keys of this block have one, got nothing");
    }
}
