using Distributed.Cli.Terminal;
using Distributed.Cluster.Monitoring;

namespace Distributed.Cli.Tests.Terminal;

public sealed class EventTextTests
{
    private static readonly DateTimeOffset Time = new(2030, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    [Fact]
    public void Lines_are_aligned_and_a_new_day_is_named()
    {
        var text = new EventText(colours: false, TimeZoneInfo.Utc);
        Assert.Equal(
            [
                "--- 2030-01-02 (UTC) ---",
                "03:04:05.678  info     worker-1     slots-leased     worker-1 leases slots 0-1 in term 1",
                "03:04:06.678  warning  a-very-long-name  events-lost      3 events were lost on the way to the cluster log",
                "03:04:06.678  info     worker-1          slots-leased     worker-1 leases slots 0-1 in term 1",
                "--- 2030-01-03 (UTC) ---",
                "03:04:05.678  info     worker-1          slots-leased     worker-1 leases slots 0-1 in term 1",
            ],
            ((LogEvent[])[Leased(0), Lost(1), Leased(1), Leased(24 * 3600)]).SelectMany(text.Lines));
    }

    [Fact]
    public void Colours_are_there_only_where_they_are_wanted()
    {
        Assert.DoesNotContain('\e', string.Concat(new EventText(colours: false).Lines(Lost(0))));
        var coloured = string.Concat(new EventText(colours: true).Lines(Lost(0)));
        Assert.Contains("\e[33m3 events were lost on the way to the cluster log\e[0m", coloured, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_node_tells_can_not_steer_the_terminal()
    {
        var entry = new LogEvent(Time, "evil\e[2J", "r", "info", "x\a", [new LogField("text", "a\e]0;title\ab\nc")]);
        Assert.DoesNotContain(string.Concat(new EventText(colours: false).Lines(entry)), char.IsControl);
    }

    [Theory]
    [InlineData("", "", "debug", true)]
    [InlineData("worker-1", "", "debug", true)]
    [InlineData("server-1", "", "debug", false)]
    [InlineData("server-1,w*", "", "debug", true)]
    [InlineData("", "slots-leased", "info", true)]
    [InlineData("", "events-lost", "info", false)]
    [InlineData("", "", "warning", false)]
    public void A_filter_goes_by_node_event_and_level(string nodes, string events, string level, bool shown) => Assert.Equal(
        shown,
        new EventFilter(nodes.Split(',', StringSplitOptions.RemoveEmptyEntries), events.Split(',', StringSplitOptions.RemoveEmptyEntries), level).Shows(Leased(0)));

    private static LogEvent Leased(int seconds) => new(
        Time.AddSeconds(seconds), "worker-1", "worker", "info", "slots-leased", [new("node", "worker-1"), new("slots", "0-1"), new("term", "1")]);

    private static LogEvent Lost(int seconds) => new(Time.AddSeconds(seconds), "a-very-long-name", "worker", "warning", "events-lost", [new("count", "3")]);
}
