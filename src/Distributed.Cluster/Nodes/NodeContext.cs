using Distributed.Cluster.Configuration;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Security;
using Distributed.Transport;
using Microsoft.Extensions.Logging;

namespace Distributed.Cluster.Nodes;

/// <summary>What the actors of one node share.</summary>
/// <param name="Host">The address of the data plane.</param>
/// <param name="DataPort">Its port; 0 takes a free one.</param>
/// <param name="RunsFolder">Where a coordinator keeps the folders of runs.</param>
/// <param name="Cores">The cores that a worker computes on; none: any.</param>
internal sealed record NodeContext(
    string Name, string[] Roles, string Host, int DataPort, string DataFolder, string RunsFolder, int[] Cores, TrainerSettings Settings,
    ILogger Log)
{
    /// <summary>What the node knows of its own load.</summary>
    public Monitoring.Metrics.NodeMeters Meters { get; init; } = new(Name, Roles);

    /// <summary>As <see cref="NodeOptions.FetchesData"/>.</summary>
    public bool FetchesData { get; init; }

    /// <summary>Where a coordinator writes down which jobs have ended; null: nowhere.</summary>
    public string? HistoryFile { get; init; }

    /// <summary>As <see cref="NodeOptions.DrawConfusion"/>.</summary>
    public Func<long[][], byte[]?>? DrawConfusion { get; init; }

    /// <summary>Secures links over TCP; null without TLS.</summary>
    public LinkTls? LinkTls { get; init; }

    /// <summary>Where connections that became no links are told of.</summary>
    public RefusalLog Refusals { get; } = new(Log, TimeProvider.System);

    /// <summary>Signs what this node says of itself, and judges what others do.</summary>
    public Credentials Credentials { get; init; } = Credentials.None;

    /// <summary>As <see cref="NodeOptions.DrawCurves"/>.</summary>
    public Func<string, IReadOnlyList<Monitoring.Chart>, byte[]?>? DrawCurves { get; init; }

    /// <summary>What this node keeps of the coordinator's state, for the case that it is coordinator next.</summary>
    public Succession.Replica Replica { get; } = new();

    /// <summary>Faults on purpose; null: none.</summary>
    public Chaos.IChaos? Chaos { get; init; }
}
