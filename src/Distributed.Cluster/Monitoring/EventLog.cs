using Microsoft.Extensions.Logging;

namespace Distributed.Cluster.Monitoring;

/// <summary>
/// A node's event log: an <see cref="ILogger"/> for source-generated log methods and for Akka, whose events reach one sink.
/// Fatal and ordinary ends alike go through the sink, so whoever writes them decides where they are kept.
/// </summary>
/// <param name="node">The node's name, such as <c>worker-1</c>.</param>
/// <param name="role">What it does: coordinator, server, worker.</param>
/// <param name="least">The least level that is kept.</param>
/// <param name="sink">Takes each event; see <see cref="JsonLinesLoggerProvider"/>.</param>
/// <param name="clock">Gives the time of events; null for the system's.</param>
internal sealed class EventLog(string node, string role, LogLevel least, Action<LogEvent> sink, TimeProvider? clock = null) : IDisposable
{
    private readonly ILoggerFactory _factory = LoggerFactory.Create(builder => builder
        .SetMinimumLevel(least)
        .AddProvider(new JsonLinesLoggerProvider(node, role, least, sink, clock)));

    /// <summary>The logger of a part of the node.</summary>
    /// <typeparam name="T">That part.</typeparam>
    public ILogger For<T>() => _factory.CreateLogger<T>();

    /// <summary>The logger of the node as a whole.</summary>
    public ILogger Logger => _factory.CreateLogger(node);

    /// <inheritdoc/>
    public void Dispose() => _factory.Dispose();
}
