using System.CommandLine;
using System.Globalization;
using Distributed.Cli.Benchmarks.Peers;
using Distributed.Cluster.Jobs;

namespace Distributed.Cli.Commands;

/// <summary>What the benchmarks of whole steps have in common: the models, and the peer beside them.</summary>
internal static class BenchModels
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "jobs", "bench");

    /// <summary>The names of the models.</summary>
    public static IReadOnlyList<string> Known { get; } =
        Directory.Exists(Folder) ? [.. Directory.GetFiles(Folder, "*.hocon").Select(file => Path.GetFileNameWithoutExtension(file)!).Order()] : [];

    /// <summary>The argument that chooses some; none stands for all.</summary>
    public static Argument<string[]> Argument() =>
        Checked(new Argument<string[]>("MODEL") { Arity = ArgumentArity.ZeroOrMore, Description = $"{string.Join(", ", Known)} (default: all)" });

    /// <summary>The argument that chooses one.</summary>
    /// <param name="otherwise">The model where none is chosen, and why it is that one.</param>
    public static Argument<string?> One(string otherwise) =>
        Checked(new Argument<string?>("MODEL") { Arity = ArgumentArity.ZeroOrOne, Description = $"{string.Join(", ", Known)} (default: {otherwise})" });

    /// <summary>The models that were chosen.</summary>
    public static IReadOnlyList<string> Chosen(ParseResult parsed, Argument<string[]> models) => parsed.GetValue(models) is { Length: > 0 } chosen ? chosen : Known;

    /// <summary>The option for the number of workers.</summary>
    public static Option<int?> Workers() =>
        Parsing.WholeNumber("--workers", "N", 1, 64, "worker processes, each with the samples that the model's job gives one (default: 2)");

    /// <summary>The option for the number of servers.</summary>
    public static Option<int?> Servers() => Parsing.WholeNumber("--servers", "M", 1, 64, "parameter servers (default: 1)");

    /// <summary>A model's job for so many workers and steps.</summary>
    public static Job Load(string name, int workers, int servers, int steps, IEnumerable<string> sets)
    {
        var file = Path.Combine(Folder, $"{name}.hocon");
        var asWritten = Job.Load(file, new JobOverrides());
        var batch = workers * (asWritten.Batch / asWritten.Workers);
        var perEpoch = Math.Min(steps, 64);
        string[] shape =
        [
            .. Whole("workers", workers), .. Whole("slots", workers), .. Whole("servers", servers), .. Whole("batch", batch),
            .. Whole("data.train", batch * perEpoch), .. Whole("epochs", steps / perEpoch),
        ];
        return Job.Load(file, new JobOverrides(Sets: [.. shape, .. sets]));

        static string[] Whole(string path, int value) => [string.Create(CultureInfo.InvariantCulture, $"{path}={value}")];
    }

    /// <summary>The peer that the user asked for, or null, after a line that says what is missing.</summary>
    public static DdpPeer? Peer(Session session, string? asked, string? script)
    {
        if (asked is null) return null;
        var peer = DdpPeer.Find(script, out var missing);
        if (peer is null) session.Terminal.Out.WriteLine($"--peer {asked} is left out: {missing}");
        return peer;
    }

    private static Argument<T> Checked<T>(Argument<T> models)
    {
        models.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (!Known.Contains(token.Value)) result.AddError($"no model '{token.Value}' to measure: known are {string.Join(", ", Known)}");
        });
        return models;
    }
}
