namespace Distributed.Cli.Benchmarks.Memory;

/// <summary>What the processes of one role take a byte of the model: 2 means twice the model's size.</summary>
/// <param name="Role">One worker (the one that takes most), or all servers together.</param>
/// <param name="Shared">In shared segments that they made, each counted once.</param>
/// <param name="Own">In memory of their own: native and managed heaps, and what arrives over a network.</param>
/// <param name="Managed">What of that were managed objects.</param>
/// <param name="Bound">What is promised; null where nothing is.</param>
internal sealed record MemoryFigures(string Setting, string Role, double Shared, double Own, double Managed, double? Bound)
{
    /// <summary>All of it.</summary>
    public double Total => Shared + Own;

    /// <summary>
    /// From what the same processes take with a smaller and a larger model: what a process takes besides its model (the runtime, libraries) falls
    /// out of the difference.
    /// </summary>
    /// <param name="bytes">By how many bytes the models differ.</param>
    public static MemoryFigures Of(string setting, string role, RoleMemory small, RoleMemory large, double bytes, double? bound) => new(
        setting, role, (large.Shared - small.Shared) / bytes, (large.Own - small.Own) / bytes, (large.Managed - small.Managed) / bytes, bound);
}

/// <summary>A process at one moment.</summary>
/// <param name="InUse">What of its managed heap held objects after the last collection.</param>
internal sealed record WatchedMemory(ProcessMemory Memory, long InUse)
{
    /// <summary>With the segments that it made itself.</summary>
    public RoleMemory With(long shared) => new(shared, Memory.Anonymous, InUse);
}

/// <summary>What the processes of a role take, in bytes.</summary>
internal sealed record RoleMemory(double Shared, double Own, double Managed)
{
    /// <summary>The largest worker: it made the gradients that it maps, and not the weights.</summary>
    public static RoleMemory OfWorkers(IEnumerable<WatchedMemory> workers) =>
        workers.Select(worker => worker.With(worker.Memory.Gradients)).MaxBy(worker => worker.Shared + worker.Own)!;

    /// <summary>All servers: they made the weights that they map, and not the gradients.</summary>
    public static RoleMemory OfServers(IEnumerable<WatchedMemory> servers) => servers.Select(server => server.With(server.Memory.Weights))
        .Aggregate((sum, server) => new RoleMemory(sum.Shared + server.Shared, sum.Own + server.Own, sum.Managed + server.Managed));

    /// <summary>Value by value the median of several moments.</summary>
    public static RoleMemory MedianOf(IReadOnlyCollection<RoleMemory> moments) => new(
        Spread.MedianOf(moments.Select(moment => moment.Shared)), Spread.MedianOf(moments.Select(moment => moment.Own)),
        Spread.MedianOf(moments.Select(moment => moment.Managed)));
}
