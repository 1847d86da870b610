using Distributed.Cluster.Monitoring;
using FsCheck;
using FsCheck.Xunit;

namespace Distributed.Cluster.Tests.Monitoring;

public sealed class JsonLinesTests
{
    [Fact]
    public void An_event_is_one_line_of_JSON_in_UTC_with_milliseconds()
    {
        var entry = new LogEvent(
            new DateTimeOffset(2026, 1, 2, 5, 4, 5, 678, TimeSpan.FromHours(2)), "worker-1", "worker", "info", "worker-joined",
            [new("slots", "0-1"), new("note", "a \"ü\"\nb")]);
        Assert.Equal(
            """{"time":"2026-01-02T03:04:05.678Z","node":"worker-1","role":"worker","level":"info","event":"worker-joined","fields":{"slots":"0-1","note":"a \"ü\"\nb"}}""",
            JsonLines.Format(entry));
    }

    [Property]
    public void What_is_formatted_is_parsed_back(DateTime time, NonNull<string> node, NonNull<string> name, (NonNull<string>, NonNull<string>)[] fields)
    {
        var entry = new LogEvent(
            new DateTimeOffset(time.Ticks / TimeSpan.TicksPerMillisecond * TimeSpan.TicksPerMillisecond, TimeSpan.Zero), node.Get, "server", "warning", name.Get,
            [.. fields.Select(f => new LogField(f.Item1.Get, f.Item2.Get))]);
        var line = JsonLines.Format(entry);
        Assert.DoesNotContain('\n', line);
        Assert.Equivalent(entry, JsonLines.Parse(line), strict: true);
    }

    [Fact]
    public void A_line_that_was_cut_off_is_refused()
    {
        var line = JsonLines.Format(new LogEvent(DateTimeOffset.UnixEpoch, "n", "r", "info", "e", [new("a", "b")]));
        for (var length = 0; length < line.Length; length++) Assert.Throws<FormatException>(() => JsonLines.Parse(line[..length]));
        Assert.Throws<FormatException>(() => JsonLines.Parse("[]"));
        Assert.Throws<FormatException>(() => JsonLines.Parse(line.Replace("1970", "then", StringComparison.Ordinal)));
    }
}
