using System.Globalization;
using System.Text;

namespace Distributed.Cluster.Monitoring.Metrics;

/// <summary>Metrics in Prometheus' text format, version 0.0.4: pure functions.</summary>
internal static class PrometheusText
{
    /// <summary>The format's name in HTTP.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>The name of a metric: with its unit, and <c>_total</c> where it counts. <c>trainer.step.duration</c> in <c>s</c> is <c>trainer_step_duration_seconds</c>.</summary>
    public static string Name(string instrument, string? unit, string kind)
    {
        var name = Cleaned(instrument, colons: true);
        var suffix = unit switch
        {
            "s" => "_seconds",
            "ms" => "_milliseconds",
            "By" => "_bytes",
            "1" or "%" => "_ratio",
            { } text when text.EndsWith("/s", StringComparison.Ordinal) => "_per_second",
            // A word in braces says what is counted, which the name says, too.
            _ => "",
        };
        if (!name.EndsWith(suffix, StringComparison.Ordinal))
            name += suffix;
        return kind == "counter" && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name;
    }

    /// <summary>Labels between braces, without these.</summary>
    public static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in tags)
            text.Append(text.Length > 0 ? "," : "").Append(Cleaned(name, colons: false)).Append("=\"")
                .Append(Escaped(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "").Replace("\"", "\\\"", StringComparison.Ordinal)).Append('"');
        return text.ToString();
    }

    /// <summary>The page of some metrics.</summary>
    /// <param name="common">Labels that all have, as from <see cref="Labels"/>.</param>
    public static string Page(IEnumerable<MetricSeries> metrics, string common)
    {
        var page = new StringBuilder();
        foreach (var group in metrics.GroupBy(metric => metric.Name).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var metric = group.First();
            var values = metric.Values();
            if (values.Count == 0)
                continue;
            page.Append("# HELP ").Append(group.Key).Append(' ').Append(Escaped(metric.Instrument.Description ?? "")).Append('\n');
            page.Append("# TYPE ").Append(group.Key).Append(' ').Append(metric.Kind).Append('\n');
            foreach (var (labels, sum, count, buckets) in values)
            {
                var all = Joined(common, labels);
                if (metric.Kind != "histogram")
                {
                    Sample(page, group.Key, all, sum);
                    continue;
                }

                var below = 0L;
                for (var i = 0; i < buckets.Length; i++)
                    Sample(page, group.Key + "_bucket", Joined(all, $"le=\"{Number(metric.Bounds[i])}\""), below += buckets[i]);
                Sample(page, group.Key + "_bucket", Joined(all, "le=\"+Inf\""), count);
                Sample(page, group.Key + "_sum", all, sum);
                Sample(page, group.Key + "_count", all, count);
            }
        }

        return page.ToString();
    }

    private static void Sample(StringBuilder page, string name, string labels, double value) =>
        page.Append(name).Append(labels.Length > 0 ? "{" : "").Append(labels).Append(labels.Length > 0 ? "} " : " ").Append(Number(value)).Append('\n');

    private static string Joined(string some, string others) => some.Length == 0 ? others : others.Length == 0 ? some : $"{some},{others}";

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private static string Escaped(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    private static string Cleaned(string name, bool colons)
    {
        var cleaned = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c == '_' || (colons && c == ':') ? c : '_'));
        return char.IsAsciiDigit(cleaned[0]) ? "_" + cleaned : cleaned;
    }
}
