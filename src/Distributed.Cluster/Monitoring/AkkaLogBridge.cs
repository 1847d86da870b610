using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Event;
using Microsoft.Extensions.Logging;
using AkkaLevel = Akka.Event.LogLevel;
using Level = Microsoft.Extensions.Logging.LogLevel;
using LogEventOfAkka = Akka.Event.LogEvent;

namespace Distributed.Cluster.Monitoring;

/// <summary>Tells an actor system where its own log events go: part of the setup it is created with.</summary>
/// <param name="logger">The node's logger.</param>
internal sealed class AkkaLogSetup(ILogger logger) : Setup
{
    /// <summary>The node's logger.</summary>
    public ILogger Logger { get; } = logger;
}

/// <summary>
/// The logger that cluster.hocon names under <c>akka.loggers</c>: forwards Akka's own log events into the node's event log, under the
/// name <c>akka</c>. It has an ordinary mailbox: the one Akka has for loggers prints what is left at the end. Without an <see cref="AkkaLogSetup"/> there is no log to forward to, and events are dropped.
/// </summary>
internal sealed class AkkaLogBridge : ReceiveActor
{
    // Where the transport tells of each connection that it refuses, several times, whoever opened however many.
    private const string Acceptor = "TcpServerHandler";

    // Of a connection that was let in and has not said who it is in time.
    private const string Unnamed = "No response from remote for inbound association";

    /// <summary>Made by Akka at the start of the actor system.</summary>
    public AkkaLogBridge()
    {
        var setup = Context.System.Settings.Setup.Get<AkkaLogSetup>();
        var logger = setup.HasValue ? setup.Value.Logger : null;
        var refusals = logger is null ? null : new RefusalLog(logger, TimeProvider.System);
        Receive<InitializeLogger>(_ => Sender.Tell(new LoggerInitialized()));
        Receive<LogEventOfAkka>(entry =>
        {
            var message = entry.Message?.ToString() ?? "";
            var kind = entry.LogSource.StartsWith(Acceptor, StringComparison.Ordinal) ? Acceptor
                : message.StartsWith(Unnamed, StringComparison.Ordinal) ? Unnamed : null;
            if (kind is null || refusals?.IsToBeTold(kind, "") == true)
                logger?.Akka(LevelOf(entry.LogLevel()), entry.Cause, entry.LogSource, message);
        });
    }

    private static Level LevelOf(AkkaLevel level) => level switch
    {
        AkkaLevel.DebugLevel => Level.Debug,
        AkkaLevel.InfoLevel => Level.Information,
        AkkaLevel.WarningLevel => Level.Warning,
        _ => Level.Error,
    };
}
