namespace Distributed.Cluster.Nodes;

/// <summary>Takes the log events of a node, from any thread.</summary>
internal delegate void EventSink(Monitoring.LogEvent logEvent);

/// <summary>What one process of the cluster is told at its start.</summary>
internal sealed record NodeOptions
{
    /// <summary>coordinator, server, worker; one or several.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>The address that other nodes reach this one by.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>Port of the control plane; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>Port of a server's data plane; 0 takes a free one.</summary>
    public int DataPort { get; init; }

    /// <summary><c>host:port</c> of nodes to join; none here and in a file: this node founds the cluster.</summary>
    public IReadOnlyList<string> Seeds { get; init; } = [];

    /// <summary>A file with more of them, a line each, which is read again until the node has joined; null for none.</summary>
    public string? SeedFile { get; init; }

    /// <summary>The cluster's configuration; null takes the file that ships with the program.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>Where its certificates are, and whether it may go without; null leaves it to the configuration.</summary>
    public Security.SecurityOptions? Security { get; init; }

    /// <summary>Where this node finds training data.</summary>
    public string DataFolder { get; init; } = ".";

    /// <summary>Whether a worker without a job's data may receive it from another node, into <see cref="DataFolder"/>.</summary>
    public bool FetchesData { get; init; }

    /// <summary>The cores that a worker computes on; none: any.</summary>
    public IReadOnlyList<int> Cores { get; init; } = [];

    /// <summary>Where a coordinator keeps the folders of runs.</summary>
    public string RunsFolder { get; init; } = "runs";

    /// <summary>Whether a coordinator writes down which jobs have ended, in its folder of runs, and reads that at its start.</summary>
    public bool KeepsHistory { get; init; }

    /// <summary>Port of <c>/metrics</c>, <c>/health/live</c> and <c>/health/ready</c>; 0 takes a free one, null: none.</summary>
    public int? MetricsPort { get; init; }

    /// <summary>The address that these are reached by.</summary>
    public string MetricsHost { get; init; } = "127.0.0.1";

    /// <summary>Draws a confusion matrix (true classes in rows) as PNG, on a thread of its own; null where nobody can, or where it has too many classes.</summary>
    public Func<long[][], byte[]?>? DrawConfusion { get; init; }

    /// <summary>Draws the charts of a run that has ended, under a title, as PNG, on a thread of its own; null where nobody can.</summary>
    public Func<string, IReadOnlyList<Monitoring.Chart>, byte[]?>? DrawCurves { get; init; }

    /// <summary>Faults on purpose; null: none.</summary>
    public Chaos.IChaos? Chaos { get; init; }

    /// <summary>The node's name in logs and views, unique in its cluster.</summary>
    public required string Name { get; init; }
}
