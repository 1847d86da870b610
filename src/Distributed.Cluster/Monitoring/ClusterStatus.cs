using System.Text.Json.Serialization;
using Distributed.Cluster.Jobs;

namespace Distributed.Cluster.Monitoring;

/// <summary>A cluster, and one of its jobs, at one moment: what <c>trainer status</c> and <c>watch</c> show.</summary>
/// <param name="Time">The moment, by the coordinator's clock.</param>
/// <param name="Coordinator">The coordinator's node.</param>
/// <param name="Run">The job that was asked for; null where none has run.</param>
/// <param name="Nodes">The nodes that are there, by name.</param>
/// <param name="Waiting">How many jobs wait for their turn.</param>
internal sealed record ClusterStatus(DateTimeOffset Time, string Coordinator, RunStatus? Run, NodeStatus[] Nodes, int Waiting);

/// <summary>A job at one moment.</summary>
/// <param name="Job">Its entry in the queue.</param>
/// <param name="Progress">Its newest snapshot, without notices; null where it never ran, or long ago.</param>
/// <param name="SecondsLeft">Until its last step at the pace so far; null while there is none.</param>
/// <param name="Losses">The training loss over steps, thinned.</param>
/// <param name="TestLosses">The test loss over steps, thinned.</param>
/// <param name="Notices">Its newest notices, the oldest first.</param>
internal sealed record RunStatus(
    JobEntry Job, RunProgress? Progress, double? SecondsLeft, CurvePoint[] Losses, CurvePoint[] TestLosses, string[] Notices);

/// <summary>A point of a curve over steps.</summary>
internal readonly record struct CurvePoint(double Step, double Value);

/// <summary>A node at one moment.</summary>
/// <param name="MemoryBytes">What its process has in memory, shared memory counted in full.</param>
/// <param name="CoresBusy">How many cores it keeps busy.</param>
/// <param name="Server">Of a server that has part in a job, how that stands.</param>
internal sealed record NodeStatus(
    string Node, string[] Roles, string Address, int ProcessId, int Cores, long MemoryBytes, double CoresBusy, ServerFigures? Server)
{
    /// <summary>What of its memory the garbage collector has committed.</summary>
    public long ManagedBytes { get; init; }

    /// <summary>How much of the managed heap was in use after the last collection.</summary>
    public long ManagedInUse { get; init; }

    /// <summary>How long collections have stopped it so far, in seconds.</summary>
    public double PausedSeconds { get; init; }
}

/// <summary>How a server's part in a job stands.</summary>
/// <param name="Version">That of the shard that is furthest behind.</param>
/// <param name="Bytes">The weights of its shards.</param>
/// <param name="QueuedSlots">How many slots' gradients of the next update are in and wait for the others, at the shard that has most.</param>
/// <param name="Links">Its links.</param>
internal sealed record ServerFigures(int Shards, long Version, long Bytes, int QueuedSlots, LinkFigures[] Links)
{
    /// <summary>Over all links so far.</summary>
    [JsonIgnore]
    public long BytesSent => Links.Sum(link => link.BytesSent);

    /// <summary>Over all links so far.</summary>
    [JsonIgnore]
    public long BytesReceived => Links.Sum(link => link.BytesReceived);
}

/// <summary>What went over a link of a server so far. In shared memory only headers travel.</summary>
/// <param name="Peer">The node at its other end.</param>
/// <param name="Kind">tcp or shared-memory.</param>
internal sealed record LinkFigures(string Peer, string Kind, long BytesSent, long BytesReceived);
