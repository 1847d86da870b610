using System.Diagnostics.Metrics;

namespace Distributed.Cluster.Monitoring.Metrics;

/// <summary>The newest values of one instrument, by their labels. Measurements without labels allocate nothing.</summary>
internal sealed class MetricSeries
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Value> labelled = [];
    private readonly double[] bounds;
    private Value? plain;

    /// <param name="instrument">What is measured.</param>
    public MetricSeries(Instrument instrument)
    {
        Instrument = instrument;
        bounds = instrument is Histogram<double> histogram ? [.. histogram.Advice?.HistogramBucketBoundaries ?? []] : [];
        var type = instrument.GetType().GetGenericTypeDefinition();
        Kind = type == typeof(Histogram<>) ? "histogram"
            : type == typeof(Counter<>) || type == typeof(ObservableCounter<>) ? "counter"
            : "gauge";
        Name = PrometheusText.Name(instrument.Name, instrument.Unit, Kind);
        // Of these only changes are told; of others the value itself.
        Adds = type == typeof(Counter<>) || type == typeof(UpDownCounter<>);
    }

    /// <summary>What is measured.</summary>
    public Instrument Instrument { get; }

    /// <summary>The metric's name on a page.</summary>
    public string Name { get; }

    /// <summary>counter, gauge or histogram.</summary>
    public string Kind { get; }

    private bool Adds { get; }

    /// <summary>The upper bounds of a histogram's buckets; the last bucket has none.</summary>
    public IReadOnlyList<double> Bounds => bounds;

    /// <summary>Takes a measurement.</summary>
    public void Take(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (gate)
        {
            Value series;
            if (tags.IsEmpty)
            {
                series = plain ??= new Value("", bounds.Length);
            }
            else
            {
                var labels = PrometheusText.Labels(tags);
                if (!labelled.TryGetValue(labels, out series!))
                    labelled.Add(labels, series = new Value(labels, bounds.Length));
            }

            if (Kind != "histogram")
            {
                series.Sum = Adds ? series.Sum + value : value;
                return;
            }

            series.Sum += value;
            series.Count++;
            for (var i = 0; i < bounds.Length; i++)
                if (value <= bounds[i])
                {
                    series.Buckets[i]++;
                    break;
                }
        }
    }

    /// <summary>Forgets what was observed, before it is observed anew: what is not there any more is not told.</summary>
    public void ForgetObserved()
    {
        lock (gate)
        {
            if (!Instrument.IsObservable)
                return;
            labelled.Clear();
            plain = null;
        }
    }

    /// <summary>Labels, value or sum, and of a histogram the count and how many values fell into each bucket.</summary>
    public IReadOnlyList<(string Labels, double Sum, long Count, long[] Buckets)> Values()
    {
        lock (gate)
            return [.. (plain is null ? [] : (Value[])[plain]).Concat(labelled.Values).Select(series => (series.Labels, series.Sum, series.Count, (long[])series.Buckets.Clone()))];
    }

    private sealed class Value(string labels, int buckets)
    {
        public string Labels => labels;

        public double Sum { get; set; }

        public long Count { get; set; }

        public long[] Buckets { get; } = new long[buckets];
    }
}
