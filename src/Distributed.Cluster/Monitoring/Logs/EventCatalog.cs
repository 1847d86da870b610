using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;

namespace Distributed.Cluster.Monitoring.Logs;

/// <summary>One kind of event.</summary>
/// <param name="Name">Its stable name.</param>
/// <param name="Level">debug, info, warning, error; "any" where it differs.</param>
/// <param name="Sentence">What it says, with its fields in braces.</param>
/// <param name="Fields">Their names, as they are written, in order.</param>
internal sealed record EventKind(string Name, string Level, string Sentence, string[] Fields);

/// <summary>All kinds of events (those of <see cref="Events"/>), and their sentences with the fields filled in.</summary>
internal static partial class EventCatalog
{
    /// <summary>The kinds, by name.</summary>
    public static IReadOnlyDictionary<string, EventKind> Kinds { get; } = typeof(Events).GetMethods(BindingFlags.Public | BindingFlags.Static)
        .Select(method => (method, attribute: method.GetCustomAttribute<LoggerMessageAttribute>()))
        .Where(pair => pair.attribute is not null)
        .Select(pair => Kind(pair.method, pair.attribute!))
        .ToDictionary(kind => kind.Name, StringComparer.Ordinal);

    /// <summary>What an event says, on one line: its kind's sentence, then the fields that the sentence does not have.</summary>
    public static string Sentence(LogEvent entry)
    {
        var told = new HashSet<string>(StringComparer.Ordinal);
        var text = new StringBuilder();
        if (Kinds.TryGetValue(entry.Event, out var kind))
        {
            text.Append(Placeholder().Replace(Remarks().Replace(kind.Sentence, remarks => Told(remarks.Value, entry)), hole => ValueOf(entry, hole)));
            told.UnionWith(kind.Fields);
        }

        foreach (var field in entry.Fields.Where(field => !told.Contains(field.Name)))
            text.Append(text.Length > 0 ? " " : "").Append(field.Name).Append('=').Append(field.Value);
        return text.Replace("\r", "").Replace('\n', ' ').ToString();
    }

    private static EventKind Kind(MethodInfo method, LoggerMessageAttribute attribute) => new(
        attribute.EventName!,
        method.GetParameters().Any(parameter => parameter.ParameterType == typeof(LogLevel)) ? "any" : JsonLinesLoggerProvider.Name(attribute.Level),
        attribute.Message,
        [.. Placeholder().Matches(attribute.Message).Select(Field).Distinct()]);

    private static string Field(Match hole) => JsonLinesLoggerProvider.CamelCase(hole.Groups[1].Value);

    private static string ValueOf(LogEvent entry, Match hole) => Array.Find(entry.Fields, field => field.Name == Field(hole))?.Value ?? "?";

    /// <summary>Of the remarks in brackets those whose fields are not empty: <c> (reason {Reason})</c> says nothing where there is none.</summary>
    private static string Told(string remarks, LogEvent entry)
    {
        var parts = remarks[2..^1].Split(", ").Where(part => !Placeholder().IsMatch(part) || Placeholder().Matches(part).Any(hole => ValueOf(entry, hole).Length > 0));
        var told = string.Join(", ", parts);
        return told.Length > 0 ? $" ({told})" : "";
    }

    [GeneratedRegex(@"\{(\w+)\}", RegexOptions.CultureInvariant)]
    private static partial Regex Placeholder();

    [GeneratedRegex(@" \([^()]*\)", RegexOptions.CultureInvariant)]
    private static partial Regex Remarks();
}
