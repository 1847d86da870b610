using System.CommandLine;
using System.Globalization;
using Distributed.Cluster.Chaos;
using Distributed.Learning;

namespace Distributed.Cli.Commands;

/// <summary>The part of a command line that asks for faults on purpose; the same for a run and for its nodes.</summary>
internal sealed class ChaosOptions
{
    private readonly Option<string?> plan = Parsing.Text("--chaos", "PLAN.hocon", "faults to make on purpose, at listed points of listed steps");
    private readonly Option<int?> seed = Parsing.WholeNumber("--chaos-seed", "N", 0, int.MaxValue, "draws faults; the same number draws the same ones");
    private readonly Option<string?> rate = Parsing.Text("--chaos-rate", "SHARE", "the share of a node's steps with a drawn fault (default: 0.02)");
    private readonly Option<string?> record = Parsing.Text("--chaos-record", "FILE", "where faults are recorded, each of which happens once");

    /// <summary>Adds them to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="ofNode">Whether it is a node's, which is told where faults are recorded.</param>
    public ChaosOptions(Command command, bool ofNode)
    {
        rate.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && Share(text) is null) result.AddError($"--chaos-rate: expected a number above 0 and up to 1, got '{text}'");
        });
        command.Add(plan);
        command.Add(seed);
        command.Add(rate);
        if (ofNode) command.Add(record);
    }

    /// <summary>What a run's nodes are told, so that they do what its own command line asks for; nothing where it asks for nothing.</summary>
    /// <param name="parsed">The run's command line.</param>
    /// <exception cref="BadInputException">The plan can't be used.</exception>
    public Func<string, string[]> ForNodes(ParseResult parsed)
    {
        if (!Asked(parsed)) return _ => [];
        Plan(parsed);
        return folder =>
        [
            .. parsed.GetValue(plan) is { } file ? (string[])["--chaos", Path.GetFullPath(file)] : [],
            .. parsed.GetValue(seed) is { } number ? (string[])["--chaos-seed", number.ToString(CultureInfo.InvariantCulture)] : [],
            .. parsed.GetValue(rate) is { } share ? (string[])["--chaos-rate", share] : [],
            "--chaos-record", Path.Combine(folder, "chaos.txt"),
        ];
    }

    /// <summary>What a node does to itself; null: nothing.</summary>
    public IChaos? Of(ParseResult parsed, string node) =>
        Asked(parsed) ? new ProcessChaos(Plan(parsed), node, parsed.GetValue(record) ?? throw new BadInputException("--chaos needs --chaos-record FILE at a node")) : null;

    private bool Asked(ParseResult parsed) => parsed.GetValue(plan) is not null || parsed.GetValue(seed) is not null;

    private ChaosPlan Plan(ParseResult parsed) => ChaosPlan.Read(
        parsed.GetValue(plan), parsed.GetValue(seed) ?? 0, parsed.GetValue(seed) is null ? 0 : Share(parsed.GetValue(rate) ?? "0.02")!.Value);

    private static double? Share(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var share) && share is > 0 and <= 1 ? share : null;
}
