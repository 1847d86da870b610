using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Security;
using Microsoft.Extensions.Logging;

namespace Distributed.Cluster.Tests.Security;

public sealed class RefusalsTests
{
    private readonly Lines lines = new();
    private readonly Clock clock = new();

    [Fact]
    public void Ten_thousand_refusals_are_one_line_and_a_count()
    {
        var refusals = new RefusalLog(lines, clock);
        for (var port = 1; port <= 10_000; port++)
            refusals.Add($"10.0.0.9:{port}", "it is late", $"refused 10.0.0.9:{port}");
        Assert.Equal(["refused 10.0.0.9:1"], lines.Told);

        clock.Pass(RefusalLog.Window);
        refusals.Add("10.0.0.9:1", "it is late", "again");
        Assert.Equal(["refused 10.0.0.9:1", "9999 more connections were refused in the last minutes, for reasons that were told", "again"], lines.Told);
    }

    [Fact]
    public void Other_addresses_and_reasons_are_told_up_to_a_bound()
    {
        var refusals = new RefusalLog(lines, clock);
        refusals.Add("10.0.0.9:1", "it is late", "a");
        refusals.Add("10.0.0.8:1", "it is late", "b");
        refusals.Add("10.0.0.8:1", "it is a worker", "c");
        Assert.Equal(["a", "b", "c"], lines.Told);

        // Reasons and addresses that a stranger makes up.
        for (var i = 0; i < 1000; i++)
            refusals.Add($"10.0.{i / 250}.{i % 250}:1", $"{i}", "made up");
        for (var i = 0; i < 1000; i++)
            refusals.Add("10.0.0.8:1", $"{i}", "made up");
        Assert.Equal(32, lines.Told.Count);
    }

    [Theory]
    [InlineData("ssl.tcp://trainer@10.0.0.7:4053", "10.0.0.7")]
    [InlineData("akka.ssl.tcp://trainer@head.example:4053", "head.example")]
    [InlineData("ssl.tcp://trainer@[::1]:4053", "::1")]
    [InlineData("[::ffff:10.0.0.7]:33342", null)]
    [InlineData("10.0.0.7:33342", null)]
    public void Whoever_was_dialled_is_known_by_its_host(string peer, string? host) => Assert.Equal(host, ClusterTls.DialledHost(peer));

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.8.8.8", true)]
    [InlineData("::1", true)]
    [InlineData("localhost", true)]
    [InlineData("0.0.0.0", false)]
    [InlineData("::", false)]
    [InlineData("10.0.0.1", false)]
    [InlineData("localhost.example", false)]
    [InlineData("worker-1", false)]
    public void Other_machines_reach_whatever_is_not_loopback(string host, bool loopback) => Assert.Equal(loopback, Exposure.IsLoopback(host));

    private sealed class Lines : ILogger
    {
        public List<string> Told { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Told.Add(formatter(state, exception));
    }

    private sealed class Clock : TimeProvider
    {
        private long now = 1;

        public void Pass(TimeSpan time) => now += (long)(time.TotalSeconds * TimestampFrequency);

        public override long GetTimestamp() => now;
    }
}
