using System.Text.RegularExpressions;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Monitoring.Logs;

namespace Distributed.Cluster.Tests.Monitoring.Logs;

/// <summary>The reference page and the sentences of events.</summary>
public sealed partial class EventCatalogTests
{
    [Fact]
    public void The_reference_page_has_every_event_with_its_level_and_fields_and_no_other()
    {
        var page = Row().Matches(File.ReadAllText(Page())).Select(row =>
            $"{row.Groups["name"].Value} {row.Groups["level"].Value} {string.Join(' ', row.Groups["fields"].Value.Split(", ").Select(field => field.Trim('`')))}");
        var code = EventCatalog.Kinds.Values.Select(kind => $"{kind.Name} {kind.Level} {string.Join(' ', kind.Fields)}");
        Assert.Equal(code.Order(StringComparer.Ordinal), page.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_event_says_its_sentence_with_its_fields()
    {
        Assert.Equal("w-1 leases slots 0-1 in term 2", Sentence("slots-leased", ("node", "w-1"), ("slots", "0-1"), ("term", "2")));
        Assert.Equal("w-1 (worker) at 10.0.0.1:4 joined (process id 7)", Sentence("node-joined", ("node", "w-1"), ("roles", "worker"), ("address", "10.0.0.1:4"), ("processId", "7")));
    }

    [Fact]
    public void A_remark_about_nothing_is_left_out()
    {
        Assert.Equal("tiny ended: Completed", Sentence("job-ended", ("job", "tiny"), ("status", "Completed"), ("reason", "")));
        Assert.Equal("tiny ended: Failed (reason {odd})", Sentence("job-ended", ("job", "tiny"), ("status", "Failed"), ("reason", "{odd}")));
    }

    [Fact]
    public void Fields_beyond_the_sentence_and_events_of_another_version_are_told_all_the_same()
    {
        Assert.Equal("asked to stop (job tiny) exception=IOException", Sentence("interrupted", ("job", "tiny"), ("exception", "IOException")));
        Assert.Equal("a=1 b=two lines", Sentence("from-the-future", ("a", "1"), ("b", "two\r\nlines")));
    }

    private static string Sentence(string name, params (string Name, string Value)[] fields) =>
        EventCatalog.Sentence(new LogEvent(default, "n", "r", "info", name, [.. fields.Select(field => new LogField(field.Name, field.Value))]));

    private static string Page()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "src", "EVENTS.md")))
            folder = folder.Parent;
        Assert.NotNull(folder);
        return Path.Combine(folder.FullName, "src", "EVENTS.md");
    }

    [GeneratedRegex(@"^\| `(?<name>[^`]+)` \| (?<level>\w+) \| (?<fields>[^|]*?) \| [^|]+ \|$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Row();
}
