namespace Distributed.Cli.Benchmarks.Memory;

/// <summary>What the processes of one role take a byte of the model: 2 means twice the model's size.</summary>
/// <param name="Role">One worker (the one that takes most), or all servers together.</param>
/// <param name="Shared">In shared segments that they made, each counted once.</param>
/// <param name="Native">In memory of their own outside of the managed heap.</param>
/// <param name="Managed">In the managed heap.</param>
/// <param name="Bound">What is promised; null where nothing is.</param>
internal sealed record MemoryFigures(string Setting, string Role, double Shared, double Native, double Managed, double? Bound)
{
    /// <summary>All of it.</summary>
    public double Total => Shared + Native + Managed;

    /// <summary>
    /// From what the same processes take with a smaller and a larger model: what a process takes besides its model (the runtime, libraries) falls
    /// out of the difference.
    /// </summary>
    /// <param name="bytes">By how many bytes the models differ.</param>
    public static MemoryFigures Of(string setting, string role, RoleMemory small, RoleMemory large, double bytes, double? bound) => new(
        setting, role, (large.Shared - small.Shared) / bytes, (large.Native - small.Native) / bytes, (large.Managed - small.Managed) / bytes, bound);
}

/// <summary>A process at one moment.</summary>
/// <param name="Committed">What its garbage collector has taken from the system: in steps of its own, whatever the model.</param>
/// <param name="InUse">What of that held objects after the last collection.</param>
internal sealed record WatchedMemory(ProcessMemory Memory, long Committed, long InUse)
{
    /// <summary>With the segments that it made itself.</summary>
    public RoleMemory With(long shared) => new(shared, Memory.Anonymous - Committed, InUse);
}

/// <summary>What the processes of a role take, in bytes.</summary>
internal sealed record RoleMemory(double Shared, double Native, double Managed)
{
    /// <summary>The largest worker: it made the gradients that it maps, and not the weights.</summary>
    public static RoleMemory OfWorkers(IEnumerable<WatchedMemory> workers) =>
        workers.Select(worker => worker.With(worker.Memory.Gradients)).MaxBy(worker => worker.Shared + worker.Native + worker.Managed)!;

    /// <summary>All servers: they made the weights that they map, and not the gradients.</summary>
    public static RoleMemory OfServers(IEnumerable<WatchedMemory> servers) => servers.Select(server => server.With(server.Memory.Weights))
        .Aggregate((sum, server) => new RoleMemory(sum.Shared + server.Shared, sum.Native + server.Native, sum.Managed + server.Managed));

    /// <summary>Value by value the median of several moments.</summary>
    public static RoleMemory MedianOf(IReadOnlyCollection<RoleMemory> moments) => new(
        Spread.MedianOf(moments.Select(moment => moment.Shared)), Spread.MedianOf(moments.Select(moment => moment.Native)),
        Spread.MedianOf(moments.Select(moment => moment.Managed)));
}
