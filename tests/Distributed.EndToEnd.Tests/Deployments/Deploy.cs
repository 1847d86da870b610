using System.Text.RegularExpressions;

namespace Distributed.EndToEnd.Tests;

/// <summary>What lies in <c>deploy/</c>, and what stands for its paths and certificates in a test.</summary>
internal static partial class Deploy
{
    /// <summary>Between the end of a node's draining and its own: leaving the cluster takes up to 10 s by the command, and ending the process a moment.</summary>
    public static readonly TimeSpan Leaving = TimeSpan.FromSeconds(15);

    /// <summary>How long a node may take to hand over its part, as shipped.</summary>
    public static TimeSpan Drain => TimeSpan.FromSeconds(int.Parse(
        DrainKey().Match(File.ReadAllText(Path.Combine(TrainerProcess.Repository, "cluster.hocon"))).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>The path of a file or folder below <c>deploy/</c>.</summary>
    public static string At(params string[] names) => Path.Combine([TrainerProcess.Repository, "deploy", .. names]);

    /// <summary>Puts a test's folders in the place of those of a container or machine: <c>/data</c> and what is below it, and so on.</summary>
    public static string Map(string word, IReadOnlyDictionary<string, string> folders)
    {
        var found = folders.Keys.FirstOrDefault(folder => word == folder || word.StartsWith(folder + "/", StringComparison.Ordinal));
        return found is null ? word : folders[found] + word[found.Length..];
    }

    /// <summary>A command of <c>trainer submit</c> for other numbers of nodes.</summary>
    public static IEnumerable<string> Sized(IReadOnlyList<string> words, int workers, int servers) => words.Select((word, at) => at == 0 ? word : words[at - 1] switch
    {
        "--workers" => $"{workers}",
        "--servers" => $"{servers}",
        _ => word,
    });

    /// <summary>Runs <c>trainer certs</c>.</summary>
    public static async Task CertsAsync(TemporaryFolder folder, params string[] arguments)
    {
        var ended = await TrainerProcess.RunAsync(folder.Path, ["certs", .. arguments]);
        Assert.True(ended.Code == 0, ended.Error);
    }

    /// <summary>Runs a command that must end well.</summary>
    public static async Task<string> RunAsync(string folder, params string[] command)
    {
        using var process = TrainerProcess.StartCommand(folder, command);
        var ended = await process.EndAsync(TrainerProcess.Patience);
        Assert.True(ended.Code == 0, $"{string.Join(' ', command)}: exit code {ended.Code}: {ended.Output} {ended.Error}");
        return ended.Output + ended.Error;
    }

    /// <summary>Ends nodes as whoever manages services does, one after another, and sees that each ends well and in its time.</summary>
    public static async Task StopAsync(params TrainerProcess[] nodes)
    {
        foreach (var node in nodes)
        {
            node.Signal(TrainerProcess.Terminate);
            var ended = await node.EndAsync(TrainerProcess.Patience);
            Assert.True(ended.Code == 0, $"exit code {ended.Code}: {ended.Error} {ended.Output}");
        }
    }

    [GeneratedRegex(@"^\s*drain = (\d+)s\s*$", RegexOptions.Multiline)]
    private static partial Regex DrainKey();
}
