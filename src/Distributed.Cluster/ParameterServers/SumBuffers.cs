using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Distributed.Learning;

namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// Where <see cref="TreeSum"/> adds: room for the sum of a piece and for what leads to it. Whoever updates rents one, so that there are as many as
/// threads that update at once, however many shards there are.
/// </summary>
internal sealed unsafe class SumBuffers : IDisposable
{
    /// <summary>Floats a block: two operands and the result stay in the level-1 or level-2 cache.</summary>
    public const int Block = ShardOptimizer.AddedFloats;

    private static readonly ConcurrentBag<SumBuffers> Idle = [];

    private readonly int blocks;

    private SumBuffers(int blocks)
    {
        this.blocks = blocks;
        Sum = (float*)NativeMemory.AlignedAlloc((nuint)(ShardOptimizer.PieceFloats + (blocks * Block)) * sizeof(float), 64);
    }

    ~SumBuffers() => NativeMemory.AlignedFree(Sum);

    /// <summary>Room for <see cref="ShardOptimizer.PieceFloats"/> floats.</summary>
    public float* Sum { get; }

    /// <summary>Room for the blocks that were asked for, one after another.</summary>
    public float* Scratch => Sum + ShardOptimizer.PieceFloats;

    /// <summary>Buffers for one thread, until they are disposed of.</summary>
    /// <param name="blocks">How many blocks of scratch there must be.</param>
    public static SumBuffers Rent(int blocks)
    {
        while (Idle.TryTake(out var idle))
            if (idle.blocks >= blocks)
                return idle;
        return new SumBuffers(blocks);
    }

    /// <summary>Gives them back to whoever rents next.</summary>
    public void Dispose() => Idle.Add(this);
}
