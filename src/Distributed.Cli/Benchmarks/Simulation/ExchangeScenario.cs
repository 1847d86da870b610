using Distributed.Cluster.ParameterServers;

namespace Distributed.Cli.Benchmarks.Simulation;

/// <summary>Where the shards are.</summary>
internal enum Placement
{
    /// <summary>All on one server, on a host of its own.</summary>
    OneServer,

    /// <summary>A server on each workers' host, which has its share of them.</summary>
    CoLocated,

    /// <summary>Likewise; what leaves a host is the sum of its workers' gradients, and weights come back to it once.</summary>
    Hierarchical,
}

/// <summary>A cluster of equal hosts that trains a model whose time and bytes are spread evenly over its layers.</summary>
/// <param name="Bytes">Of the gradient, and of the weights.</param>
/// <param name="Hosts">Hosts with workers.</param>
/// <param name="WorkersAHost">Workers of each.</param>
/// <param name="BytesASecond">What a host's link carries in each direction at the same time.</param>
/// <param name="Latency">Seconds from one host to another.</param>
/// <param name="Forward">Seconds of a worker's forward pass.</param>
/// <param name="Backward">Seconds of its backward pass.</param>
/// <param name="MemoryBytesASecond">What a server reads and writes while it sums and updates.</param>
internal sealed record ExchangeScenario(
    double Bytes, int Hosts, int WorkersAHost, Placement Placement, double BytesASecond, double Latency, double Forward, double Backward,
    double MemoryBytesASecond)
{
    /// <summary>Passes over a shard besides its gradients: momentum and weights, read and written.</summary>
    private const int UpdatePasses = 4;

    /// <summary>Servers.</summary>
    public int Servers => Placement == Placement.OneServer ? 1 : Hosts;

    /// <summary>How many gradients leave a host, and how many copies of the weights come to it.</summary>
    public int Copies => Placement == Placement.Hierarchical ? 1 : WorkersAHost;

    /// <summary>How many other hosts a server hears.</summary>
    public int Others => Placement == Placement.OneServer ? Hosts : Hosts - 1;

    /// <summary>How many shards the vector is cut into, as for links over a network.</summary>
    public int Shards { get; } = ShardPlan.CutForStreaming((long)(Bytes / sizeof(float)), Placement == Placement.OneServer ? 1 : Hosts).Count;

    /// <summary>Bytes of a shard.</summary>
    public double ShardBytes => Bytes / Shards;

    /// <summary>Bytes of gradients that the busiest link carries in its busier direction; as many of weights go the other way about.</summary>
    public double LinkBytes => Placement == Placement.OneServer ? Hosts * Copies * Bytes : Copies * Bytes * (Hosts - 1) / Hosts;

    /// <summary>Seconds in which a host sums its workers' gradients of a shard before they leave.</summary>
    public double HostSum => Placement == Placement.Hierarchical && WorkersAHost > 1 ? (WorkersAHost + 1) * ShardBytes / MemoryBytesASecond : 0;

    /// <summary>Seconds in which a server sums and updates a shard; a host's own workers are read in place.</summary>
    public double Update => ((Others * Copies) + (Placement == Placement.OneServer ? 0 : WorkersAHost) + UpdatePasses) * ShardBytes / MemoryBytesASecond;

    /// <summary>Seconds for a shard's bytes on a link.</summary>
    public double ShardTransfer => ShardBytes / BytesASecond;
}
