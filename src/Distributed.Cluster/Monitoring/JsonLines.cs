using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Distributed.Cluster.Monitoring;

/// <summary>
/// The text form of events: one JSON object a line,
/// <c>{"time":"2026-01-02T03:04:05.678Z","node":"worker-1","role":"worker","level":"info","event":"worker-joined","fields":{"slots":"0-1"}}</c>.
/// </summary>
internal static class JsonLines
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    // Written to files and terminals, never into a web page: quotes of other languages stay readable.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The line of an event, without a line end.</summary>
    /// <param name="entry">The event; its time is written in UTC and cut to milliseconds.</param>
    public static string Format(LogEvent entry)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, Options))
        {
            writer.WriteStartObject();
            writer.WriteString("time", entry.Time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture));
            writer.WriteString("node", entry.Node);
            writer.WriteString("role", entry.Role);
            writer.WriteString("level", entry.Level);
            writer.WriteString("event", entry.Event);
            writer.WriteStartObject("fields");
            foreach (var (name, value) in entry.Fields) writer.WriteString(name, value);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>The event of a line.</summary>
    /// <param name="line">A line as <see cref="Format"/> writes it; further members are ignored.</param>
    /// <exception cref="FormatException">The line is no such object, for instance because it was cut off.</exception>
    public static LogEvent Parse(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            return new LogEvent(
                DateTimeOffset.Parse(Text(root, "time"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal),
                Text(root, "node"), Text(root, "role"), Text(root, "level"), Text(root, "event"),
                [.. root.GetProperty("fields").EnumerateObject().Select(f => new LogField(f.Name, f.Value.GetString() ?? ""))]);
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException($"Not a line of an event log: {failure.Message}", failure);
        }
    }

    private static string Text(JsonElement root, string name) =>
        root.GetProperty(name).GetString() ?? throw new FormatException($"Not a line of an event log: '{name}' is null");
}
