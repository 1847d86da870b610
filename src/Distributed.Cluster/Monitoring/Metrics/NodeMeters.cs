using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Monitoring.Metrics;

/// <summary>
/// What a node knows of its own load, as instruments of .NET's metrics under the name <see cref="MeterName"/> and as its
/// <see cref="Vitals"/>. A step is recorded once it is committed, which takes well under a microsecond; the rest is asked for when someone looks.
/// </summary>
internal sealed class NodeMeters : IDisposable
{
    /// <summary>The meter's name, and that of the source of traces.</summary>
    public const string MeterName = "Distributed.Cluster";

    /// <summary>From a small network's step to one that takes half a minute, in seconds.</summary>
    private static readonly InstrumentAdvice<double> Seconds =
        new() { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] };

    private readonly string node;
    private readonly Counter<long> steps;
    private readonly Counter<long> samples;
    private readonly Histogram<double> step;
    private readonly Histogram<double> compute;
    private readonly Histogram<double> input;
    private readonly Histogram<double> exchange;
    private readonly ConcurrentDictionary<string, StrongCount> events = new();
    private long askedAt = Stopwatch.GetTimestamp();
    private TimeSpan processor = Environment.CpuUsage.TotalTime;
    private volatile Func<ServerFigures>? server;
    private volatile ClusterStatus? cluster;

    /// <param name="node">The node's name.</param>
    /// <param name="roles">What it does.</param>
    public NodeMeters(string node, IReadOnlyList<string> roles)
    {
        this.node = node;
        Meter = new Meter(new MeterOptions(MeterName) { Tags = [new("node", node)] });
        steps = Meter.CreateCounter<long>("trainer.steps", "{step}", "Steps that this worker has done, counted once they are committed.");
        samples = Meter.CreateCounter<long>("trainer.samples", "{sample}", "Training samples that this worker has computed.");
        step = Histogram("trainer.step.duration", "A step of this worker from its weights to the next ones.");
        compute = Histogram("trainer.step.compute", "Forward and backward passes of a step.");
        input = Histogram("trainer.step.input", "Gathering the samples of a step.");
        exchange = Histogram("trainer.step.exchange", "From a step's gradients until the next weights are there.");
        Meter.CreateObservableGauge("trainer.node", () => new Measurement<int>(1, new KeyValuePair<string, object?>("roles", string.Join(',', roles))), null, "1 for a node that is there.");
        Meter.CreateObservableCounter("trainer.events", Events, "{event}", "Events of this node.");
        Server("trainer.server.version", "{update}", "Updates of the shard of this server that is furthest behind.", figures => figures.Version);
        Server("trainer.server.shards", "{shard}", "Shards of this server.", figures => figures.Shards);
        Server("trainer.server.weights", "By", "Weights of this server's shards.", figures => figures.Bytes);
        Server("trainer.server.queued.slots", "{slot}", "Slots whose gradients of the next update are in and wait for the others.", figures => figures.QueuedSlots);
        Meter.CreateObservableCounter("trainer.link.sent", () => Links(link => link.BytesSent), "By", "What went over a link of this server.");
        Meter.CreateObservableCounter("trainer.link.received", () => Links(link => link.BytesReceived), "By", "What came over a link of this server.");
        Job("trainer.job.step", "{step}", "Steps of the running job that are done.", job => job.Step);
        Job("trainer.job.steps", "{step}", "Steps that the running job has in all.", job => job.Steps);
        Job("trainer.job.loss", null, "Training loss of the running job's newest step.", job => job.Loss);
        Job("trainer.job.test.loss", null, "Test loss of the running job's newest evaluation.", job => job.TestLoss);
        Job("trainer.job.test.accuracy", null, "Share of right predictions in the running job's newest evaluation.", job => job.TestAccuracy);
        Job("trainer.job.rate", "{sample}/s", "Training samples a second of the running job.", job => job.SamplesPerSecond);
        Meter.CreateObservableGauge("trainer.jobs.waiting", () => Known(status => status.Waiting), "{job}", "Jobs that wait for their turn.");
        Meter.CreateObservableGauge("trainer.cluster.nodes", () => Known(status => status.Nodes.Length), "{node}", "Nodes that the coordinator knows.");
    }

    /// <summary>The instruments.</summary>
    public Meter Meter { get; }

    /// <summary>When the node's actor last ran, in <see cref="Environment.TickCount64"/>.</summary>
    public long RanAt { get; private set; } = Environment.TickCount64;

    /// <summary>When the coordinator last said that it knows the node; null before.</summary>
    public long? KnownAt { get; private set; }

    /// <summary>A step of this node's worker is committed. From its thread.</summary>
    public void Step(ProgressMessages.StepReport report)
    {
        steps.Add(1);
        var counted = 0;
        foreach (var slot in report.Slots)
            counted += slot.Samples;
        samples.Add(counted);
        step.Record(report.TotalMilliseconds / 1000);
        compute.Record(report.ComputeMilliseconds / 1000);
        input.Record(report.InputMilliseconds / 1000);
        exchange.Record(report.ExchangeMilliseconds / 1000);
    }

    /// <summary>An event of this node was logged.</summary>
    /// <param name="level">Its level.</param>
    public void Event(string level) => Interlocked.Increment(ref events.GetOrAdd(level, static _ => new StrongCount()).Count);

    /// <summary>The node is the coordinator, and this is how the cluster stands.</summary>
    public void Coordinate(ClusterStatus status) => cluster = status;

    /// <summary>The node is the coordinator no more.</summary>
    public void StopCoordinating() => cluster = null;

    /// <summary>The coordinator knows this node.</summary>
    public void Registered() => KnownAt = Environment.TickCount64;

    /// <summary>A server's part in a job begins.</summary>
    /// <param name="figures">Says how it stands; from any thread, until <see cref="Stop"/>.</param>
    public void Serve(Func<ServerFigures> figures) => server = figures;

    /// <summary>A server's part in a job is over.</summary>
    public void Stop(Func<ServerFigures> figures) => Interlocked.CompareExchange(ref server, null, figures);

    /// <summary>How the node is; the processor's time is that since the last question. From the node's actor.</summary>
    public MembershipMessages.Vitals Vitals()
    {
        RanAt = Environment.TickCount64;
        var (now, used) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        var busy = (used - processor) / Stopwatch.GetElapsedTime(askedAt, now);
        (askedAt, processor) = (now, used);
        var heap = GC.GetGCMemoryInfo(GCKind.Any);
        return new MembershipMessages.Vitals(node, Environment.WorkingSet, Math.Round(double.IsFinite(busy) ? busy : 0, 2), server?.Invoke())
        {
            ManagedBytes = heap.TotalCommittedBytes,
            ManagedInUse = heap.HeapSizeBytes,
            PausedSeconds = GC.GetTotalPauseDuration().TotalSeconds,
        };
    }

    /// <inheritdoc/>
    public void Dispose() => Meter.Dispose();

    private Histogram<double> Histogram(string name, string description) => Meter.CreateHistogram(name, "s", description, tags: null, Seconds);

    private void Server(string name, string unit, string description, Func<ServerFigures, long> of) => Meter.CreateObservableGauge(
        name, () => server?.Invoke() is { } figures ? [new Measurement<long>(of(figures))] : Array.Empty<Measurement<long>>(), unit, description);

    private void Job(string name, string? unit, string description, Func<RunProgress, double?> of) => Meter.CreateObservableGauge(
        name,
        () => cluster?.Run is { Job: { Outcome: null } job, Progress: { } progress } && of(progress) is { } value
            ? [new Measurement<double>(value, new KeyValuePair<string, object?>("job", job.Name))]
            : Array.Empty<Measurement<double>>(),
        unit,
        description);

    private IEnumerable<Measurement<long>> Known(Func<ClusterStatus, long> of) => cluster is { } status ? [new Measurement<long>(of(status))] : [];

    private IEnumerable<Measurement<long>> Links(Func<LinkFigures, long> of) => (server?.Invoke().Links ?? [])
        .GroupBy(link => (link.Peer, link.Kind))
        .Select(links => new Measurement<long>(
            links.Sum(of), new KeyValuePair<string, object?>("peer", links.Key.Peer), new KeyValuePair<string, object?>("kind", links.Key.Kind)));

    private IEnumerable<Measurement<long>> Events() =>
        events.Select(level => new Measurement<long>(Interlocked.Read(ref level.Value.Count), new KeyValuePair<string, object?>("level", level.Key)));

    private sealed class StrongCount
    {
        public long Count;
    }
}
