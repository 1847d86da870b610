using System.Globalization;
using System.Text.RegularExpressions;

namespace Distributed.Cluster.Tests.Monitoring.Metrics;

/// <summary>
/// A page in Prometheus' text format, read by the format's rules: lines end with a line feed, the last one too; HELP and TYPE at most once a
/// metric, TYPE before its samples; all lines of a metric together; no sample twice; names, labels and values well formed; a histogram's
/// buckets cumulative, in order, the last of them <c>+Inf</c> and equal to its count.
/// </summary>
internal sealed partial class PrometheusPage
{
    private readonly Dictionary<string, string> types = [];
    private readonly Dictionary<string, double> samples = [];

    /// <exception cref="FormatException">A rule is broken; the message names the line.</exception>
    public PrometheusPage(string text)
    {
        Check(text.Length == 0 || text.EndsWith('\n'), "the last line must end with a line feed");
        Check(!text.Contains('\r', StringComparison.Ordinal), "lines end with a line feed alone");
        var (helped, closed, current) = (new HashSet<string>(), new HashSet<string>(), "");
        foreach (var line in text.Split('\n').SkipLast(1))
        {
            if (line.Length == 0)
                continue;
            var comment = Comment().Match(line);
            if (comment.Success)
            {
                var (kind, name) = (comment.Groups["kind"].Value, comment.Groups["name"].Value);
                Enter(name, line);
                if (kind == "HELP")
                {
                    Check(helped.Add(name), $"a second HELP: {line}");
                    Check(!UnescapedBackslash().IsMatch(comment.Groups["rest"].Value), $"a backslash that escapes nothing: {line}");
                }
                else
                {
                    Check(types.TryAdd(name, comment.Groups["rest"].Value), $"a second TYPE: {line}");
                    Check(comment.Groups["rest"].Value is "counter" or "gauge" or "histogram" or "summary" or "untyped", $"no type: {line}");
                    Check(!samples.Keys.Any(key => FamilyOf(key[..(key + "{").IndexOf('{', StringComparison.Ordinal)]) == name), $"TYPE after a sample: {line}");
                }

                continue;
            }

            Check(!line.StartsWith('#'), $"a comment that is neither HELP nor TYPE: {line}");
            var sample = Sample().Match(line);
            Check(sample.Success, $"no sample: {line}");
            var labels = Label().Matches(sample.Groups["labels"].Value);
            Check(labels.Sum(label => label.Length) == sample.Groups["labels"].Length, $"labels not well formed: {line}");
            Check(labels.Select(label => label.Groups["name"].Value).Distinct().Count() == labels.Count, $"a label twice: {line}");
            Enter(FamilyOf(sample.Groups["name"].Value), line);
            var key = $"{sample.Groups["name"].Value}{{{string.Join(',', labels.Select(label => label.Value.TrimEnd(',')).Order(StringComparer.Ordinal))}}}";
            Check(samples.TryAdd(key, ValueOf(sample.Groups["value"].Value)), $"a sample twice: {line}");
        }

        CheckHistograms(text);

        void Enter(string family, string line)
        {
            if (family == current)
                return;
            Check(!closed.Contains(family), $"the lines of {family} are not together: {line}");
            closed.Add(current = family);
        }
    }

    /// <summary>Names of metrics with their types.</summary>
    public IReadOnlyDictionary<string, string> Types => types;

    /// <summary>The only sample of a metric's name, or of a histogram's count or sum.</summary>
    public double this[string name] => samples.Single(sample => sample.Key.StartsWith(name + "{", StringComparison.Ordinal)).Value;

    /// <summary>All samples, by name and sorted labels.</summary>
    public IReadOnlyDictionary<string, double> Samples => samples;

    private void CheckHistograms(string text)
    {
        foreach (var (name, _) in types.Where(type => type.Value == "histogram"))
        {
            var buckets = text.Split('\n').Where(line => line.StartsWith(name + "_bucket{", StringComparison.Ordinal))
                .Select(line => (Series: LessOrEqual().Replace(line[..line.LastIndexOf(' ')], ""), Bound: ValueOf(LessOrEqual().Match(line).Groups["bound"].Value), Count: ValueOf(line[(line.LastIndexOf(' ') + 1)..])));
            foreach (var series in buckets.GroupBy(bucket => bucket.Series))
            {
                var all = series.ToArray();
                Check(all.Zip(all.Skip(1)).All(pair => pair.First.Bound < pair.Second.Bound && pair.First.Count <= pair.Second.Count), $"buckets of {name} not in order or not cumulative");
                Check(double.IsPositiveInfinity(all[^1].Bound), $"{name} has no bucket +Inf");
            }

            Check(samples.Keys.Count(key => key.StartsWith(name + "_sum{", StringComparison.Ordinal)) == buckets.GroupBy(bucket => bucket.Series).Count(), $"{name} has no sum");
            foreach (var (key, count) in samples.Where(sample => sample.Key.StartsWith(name + "_count{", StringComparison.Ordinal)))
                Check(samples.Any(sample => sample.Key.StartsWith(name + "_bucket{", StringComparison.Ordinal) && sample.Key.Contains("le=\"+Inf\"", StringComparison.Ordinal) && sample.Value == count), $"{key}: the bucket +Inf differs");
        }
    }

    /// <summary>The metric that a sample belongs to: a histogram's samples have names of their own.</summary>
    private string FamilyOf(string name)
    {
        foreach (var suffix in (string[])["_bucket", "_sum", "_count"])
            if (name.EndsWith(suffix, StringComparison.Ordinal) && types.GetValueOrDefault(name[..^suffix.Length]) is "histogram" or "summary")
                return name[..^suffix.Length];
        return name;
    }

    private static double ValueOf(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        "NaN" => double.NaN,
        _ => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
    };

    private static void Check(bool holds, string problem)
    {
        if (!holds)
            throw new FormatException(problem);
    }

    [GeneratedRegex(@"^# (?<kind>HELP|TYPE) (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?<rest>.*)$", RegexOptions.CultureInvariant)]
    private static partial Regex Comment();

    [GeneratedRegex(@"^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>.*)\})? (?<value>[+-]Inf|NaN|[-+0-9.eE]+)( -?[0-9]+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Sample();

    [GeneratedRegex(@"\G(?<name>[a-zA-Z_][a-zA-Z0-9_]*)=""(?:[^""\\\n]|\\\\|\\""|\\n)*""(,|$)", RegexOptions.CultureInvariant)]
    private static partial Regex Label();

    [GeneratedRegex(@",?le=""(?<bound>[^""]*)""", RegexOptions.CultureInvariant)]
    private static partial Regex LessOrEqual();

    [GeneratedRegex(@"(?<!\\)\\(\\\\)*(?![\\n])", RegexOptions.CultureInvariant)]
    private static partial Regex UnescapedBackslash();
}
