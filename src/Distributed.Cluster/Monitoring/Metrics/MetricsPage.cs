using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Distributed.Cluster.Monitoring.Metrics;

/// <summary>Collects a node's metrics and those of the .NET runtime, and shows them as a page for Prometheus. Safe to use from several threads.</summary>
internal sealed class MetricsPage : IDisposable
{
    /// <summary>.NET's own: memory, garbage collections, threads.</summary>
    private const string Runtime = "System.Runtime";

    private readonly MeterListener listener = new();
    private readonly ConcurrentDictionary<Instrument, MetricSeries> metrics = new();
    private readonly string node;
    private readonly Lock observing = new();

    /// <param name="meters">The node's instruments; those of other nodes of this process are not shown.</param>
    /// <param name="node">The node's name, a label of every value.</param>
    public MetricsPage(NodeMeters meters, string node)
    {
        this.node = PrometheusText.Labels([new("node", node)]);
        listener.InstrumentPublished = (instrument, own) =>
        {
            if (instrument.Meter == meters.Meter || instrument.Meter.Name == Runtime)
                own.EnableMeasurementEvents(instrument, metrics.GetOrAdd(instrument, static published => new MetricSeries(published)));
        };
        listener.SetMeasurementEventCallback<double>(static (_, value, tags, series) => ((MetricSeries)series!).Take(value, tags));
        listener.SetMeasurementEventCallback<long>(static (_, value, tags, series) => ((MetricSeries)series!).Take(value, tags));
        listener.SetMeasurementEventCallback<int>(static (_, value, tags, series) => ((MetricSeries)series!).Take(value, tags));
        listener.Start();
    }

    /// <summary>The page as it is now.</summary>
    public string Text()
    {
        lock (observing)
        {
            foreach (var series in metrics.Values)
                series.ForgetObserved();
            listener.RecordObservableInstruments();
            return PrometheusText.Page(metrics.Values, node);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => listener.Dispose();
}
