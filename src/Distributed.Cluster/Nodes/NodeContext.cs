using Distributed.Cluster.Configuration;
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

    /// <summary>Where a coordinator writes down which jobs have ended; null: nowhere.</summary>
    public string? HistoryFile { get; init; }

    /// <summary>As <see cref="NodeOptions.DrawConfusion"/>.</summary>
    public Func<long[][], byte[]?>? DrawConfusion { get; init; }

    /// <summary>As <see cref="NodeOptions.DrawCurves"/>.</summary>
    public Func<string, IReadOnlyList<Monitoring.Chart>, byte[]?>? DrawCurves { get; init; }
}
