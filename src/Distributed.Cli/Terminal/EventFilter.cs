using System.IO.Enumeration;
using Distributed.Cluster.Monitoring;

namespace Distributed.Cli.Terminal;

/// <summary>Which events of a log are shown.</summary>
/// <param name="Nodes">Names of nodes, in which <c>*</c> and <c>?</c> stand for others; none: all.</param>
/// <param name="Events">Names of events, likewise.</param>
/// <param name="Level">The least level.</param>
internal sealed record EventFilter(IReadOnlyList<string> Nodes, IReadOnlyList<string> Events, string Level)
{
    /// <summary>The levels, the least first.</summary>
    public static readonly string[] Levels = ["debug", "info", "warning", "error"];

    /// <summary>Whether an event is shown; one of a level nobody knows always is.</summary>
    public bool Shows(LogEvent entry) =>
        (Array.IndexOf(Levels, entry.Level) is var level && (level < 0 || level >= Array.IndexOf(Levels, Level)))
        && Matches(Nodes, entry.Node) && Matches(Events, entry.Event);

    private static bool Matches(IReadOnlyList<string> patterns, string name) =>
        patterns.Count == 0 || patterns.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: true));
}
