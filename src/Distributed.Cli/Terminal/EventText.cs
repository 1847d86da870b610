using System.Globalization;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Monitoring.Logs;

namespace Distributed.Cli.Terminal;

/// <summary>
/// Events as lines for people: <c>09:15:02.120  warning  worker-2   straggler   worker-2 lags: computing step 17 for 31.2 s</c>. Columns
/// stay aligned, as wide as the widest so far.
/// </summary>
/// <param name="colours">Whether escape codes colour the lines.</param>
/// <param name="zone">The time zone that times are shown in; null for the system's.</param>
internal sealed class EventText(bool colours, TimeZoneInfo? zone = null)
{
    private const int WidestColumn = 28;
    private const string Reset = "\e[0m";
    private const string Dim = "\e[2m";

    // Of nodes, by their names: those that can be told apart on dark and on light backgrounds.
    private static readonly string[] NodeColours = ["\e[36m", "\e[32m", "\e[34m", "\e[35m", "\e[96m", "\e[92m", "\e[94m", "\e[95m"];

    private readonly TimeZoneInfo zone = zone ?? TimeZoneInfo.Local;
    private int nodeWidth = 11;
    private int eventWidth = 15;
    private DateTime day;

    /// <summary>The line of an event, led in by one that names the day where it is another than that of the event before.</summary>
    public IEnumerable<string> Lines(LogEvent entry)
    {
        var time = TimeZoneInfo.ConvertTime(entry.Time, zone);
        if (time.Date != day)
        {
            day = time.Date;
            yield return Coloured(Dim, $"--- {day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)} ({zone.Id}) ---");
        }

        nodeWidth = Math.Max(nodeWidth, Math.Min(WidestColumn, entry.Node.Length));
        eventWidth = Math.Max(eventWidth, Math.Min(WidestColumn, entry.Event.Length));
        var sentence = EventCatalog.Sentence(entry);
        yield return string.Join(
            "  ",
            Coloured(Dim, time.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)),
            Coloured(ColourOf(entry.Level), Clean(entry.Level).PadRight(7)),
            Coloured(NodeColours[(uint)StableHash(entry.Node) % NodeColours.Length], Clean(entry.Node).PadRight(nodeWidth)),
            Coloured(Dim, Clean(entry.Event).PadRight(eventWidth)),
            entry.Level is "warning" or "error" ? Coloured(ColourOf(entry.Level), Clean(sentence)) : Clean(sentence));
    }

    private static string ColourOf(string level) => level switch
    {
        "error" => "\e[1;31m",
        "warning" => "\e[33m",
        "debug" => Dim,
        _ => "\e[39m",
    };

    /// <summary>What comes from elsewhere must not steer the terminal.</summary>
    private static string Clean(string text) => text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '?' : c)) : text;

    /// <summary>The same in every process, unlike that of strings.</summary>
    private static int StableHash(string text) => text.Aggregate(17, (hash, c) => unchecked((hash * 31) + c));

    private string Coloured(string colour, string text) => colours ? $"{colour}{text}{Reset}" : text;
}
