using Akka.Event;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Tests.Serialization;
using Microsoft.Extensions.Logging;
using LogEvent = Distributed.Cluster.Monitoring.LogEvent;
using LogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace Distributed.Cluster.Tests.Monitoring;

public sealed partial class EventLogTests
{
    private readonly List<LogEvent> _events = [];

    [Fact]
    public void A_log_method_becomes_an_event_with_its_stable_name_and_fields()
    {
        var time = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        using var log = new EventLog("worker-1", "worker", LogLevel.Information, _events.Add, new FixedClock(time));
        StepDone(log.For<EventLogTests>(), 17, 0.25, TimeSpan.FromSeconds(1.5), [1, 2], null);
        Assert.Equivalent(
            new LogEvent(time, "worker-1", "worker", "info", "step-done",
                [new("step", "17"), new("loss", "0.25"), new("took", "00:00:01.5000000"), new("slots", "1, 2"), new("note", "")]),
            Assert.Single(_events), strict: true);
    }

    [Fact]
    public void An_exception_is_told_by_its_root_cause()
    {
        using var log = new EventLog("n", "server", LogLevel.Information, _events.Add);
        LinkLost(log.Logger, "worker-2", new InvalidOperationException("outer", new IOException("connection reset")));
        var entry = Assert.Single(_events);
        Assert.Equal("error", entry.Level);
        Assert.Equal([new("peer", "worker-2"), new("exception", "InvalidOperationException"), new("reason", "connection reset")], entry.Fields);
    }

    [Fact]
    public void Events_below_the_least_level_are_dropped()
    {
        using var log = new EventLog("n", "server", LogLevel.Warning, _events.Add);
        log.Logger.NodeStarted("127.0.0.1:1", 2);
        Assert.Empty(_events);
        Assert.False(log.Logger.IsEnabled(LogLevel.Information));
    }

    [Fact]
    public async Task Warnings_of_Akka_reach_the_log_and_its_information_does_not()
    {
        var warned = new TaskCompletionSource<LogEvent>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var log = new EventLog("n", "worker", LogLevel.Debug, e =>
        {
            lock (_events) _events.Add(e);
            if (e.Fields.Any(f => f.Value.Contains("thin ice", StringComparison.Ordinal))) warned.TrySetResult(e);
        });
        var system = NodeSystem.Start(setups: new AkkaLogSetup(log.Logger));
        var akka = Logging.GetLogger(system, "ice");
        akka.Info("solid {0}", "ground");
        akka.Warning(new IOException("crack"), "thin {0}", "ice");
        var entry = await warned.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await system.Terminate();

        Assert.Equal(("akka", "warning", "n"), (entry.Event, entry.Level, entry.Node));
        Assert.StartsWith("ice", entry.Fields[0].Value);
        Assert.Equal([new("message", "thin ice"), new("exception", "IOException"), new("reason", "crack")], entry.Fields[1..]);
        Assert.DoesNotContain(_events, e => e.Fields.Any(f => f.Value.Contains("solid", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Of_connections_that_never_say_who_they_are_the_first_is_told()
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var log = new EventLog("n", "worker", LogLevel.Debug, e =>
        {
            lock (_events) _events.Add(e);
            if (e.Fields.Any(f => f.Value.Contains("the last", StringComparison.Ordinal))) ended.TrySetResult();
        });
        var system = NodeSystem.Start(setups: new AkkaLogSetup(log.Logger));
        for (var peer = 0; peer < 100; peer++)
            Logging.GetLogger(system, $"akkaProtocol-{peer}").Error("No response from remote for inbound association. Handshake timed out after [10000] ms");
        Logging.GetLogger(system, "end").Error("the last");
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await system.Terminate();

        lock (_events) Assert.Single(_events, e => e.Fields.Any(f => f.Value.StartsWith("No response", StringComparison.Ordinal)));
    }

    [LoggerMessage(100, LogLevel.Information, "Step {Step} done, loss {Loss}, took {Took}, {Slots}, {Note}", EventName = "step-done")]
    private static partial void StepDone(ILogger logger, long step, double loss, TimeSpan took, int[] slots, string? note);

    [LoggerMessage(101, LogLevel.Error, "Link to {Peer} lost", EventName = "link-lost")]
    private static partial void LinkLost(ILogger logger, string peer, Exception cause);

    private sealed class FixedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
