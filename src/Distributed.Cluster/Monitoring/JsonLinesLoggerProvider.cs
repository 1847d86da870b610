using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Distributed.Cluster.Monitoring;

/// <summary>
/// Turns log calls into <see cref="LogEvent"/>s and hands them to a sink. The event's name is the log call's event id, its fields
/// are the call's placeholders; the sentence itself is not kept, so that events can be counted and searched by name.
/// </summary>
/// <param name="node">The node's name, written into every event.</param>
/// <param name="role">What the node does, written into every event.</param>
/// <param name="least">The least level that is kept.</param>
/// <param name="sink">Takes each event on the thread that logged it; must be quick and safe to call from several threads.</param>
/// <param name="clock">Gives the time of events.</param>
internal sealed class JsonLinesLoggerProvider(string node, string role, LogLevel least, Action<LogEvent> sink, TimeProvider? clock = null)
    : ILoggerProvider
{
    private const string Template = "{OriginalFormat}";

    private readonly TimeProvider _clock = clock ?? TimeProvider.System;

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new NodeLogger(this);

    /// <inheritdoc/>
    public void Dispose() { }

    /// <summary>A level as events have it.</summary>
    public static string Name(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warning",
        _ => "error",
    };

    /// <summary>A field's name, from that of a log call's placeholder.</summary>
    public static string CamelCase(string name) => name.Length == 0 ? name : char.ToLowerInvariant(name[0]) + name[1..];

    private static string Text(object? value) => value switch
    {
        null => "",
        bool flag => flag ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        System.Collections.IEnumerable list and not string => string.Join(", ", list.Cast<object?>().Select(Text)),
        _ => value.ToString() ?? "",
    };

    private sealed class NodeLogger(JsonLinesLoggerProvider provider) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None && logLevel >= provider.Least;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            var fields = new List<LogField>();
            if (state is IEnumerable<KeyValuePair<string, object?>> values)
                fields.AddRange(values.Where(v => v.Key != Template).Select(v => new LogField(CamelCase(v.Key), Text(v.Value))));
            // A call without a name is someone else's; its sentence is all there is.
            if (eventId.Name is null) fields.Add(new LogField("message", formatter(state, exception)));
            if (exception is not null)
            {
                fields.Add(new LogField("exception", exception.GetType().Name));
                fields.Add(new LogField("reason", exception.GetBaseException().Message));
            }
            provider.Sink(new LogEvent(
                provider.Clock.GetUtcNow(), provider.Node, provider.Role, Name(logLevel), eventId.Name ?? "message", [.. fields]));
        }
    }

    private LogLevel Least => least;

    private Action<LogEvent> Sink => sink;

    private TimeProvider Clock => _clock;

    private string Node => node;

    private string Role => role;
}
