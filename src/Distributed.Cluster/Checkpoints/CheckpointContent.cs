using Distributed.Cluster.Protocol;
using Distributed.Transport;

namespace Distributed.Cluster.Checkpoints;

/// <summary>What a checkpoint is made of, copied out of the servers: the whole flat weights and each shard's optimizer state.</summary>
internal sealed class CheckpointContent(long version, LentMemory weights) : IDisposable
{
    private const long PieceBytes = 1 << 20;

    private readonly List<(TrainingMessages.ShardDescription Shard, LentMemory Memory, long Bytes)> states = [];

    public long Version => version;

    public LentMemory Weights => weights;

    /// <summary>Each shard with what writes its optimizer's state.</summary>
    public IEnumerable<(TrainingMessages.ShardDescription Shard, Action<Stream> Write)> States =>
        states.Select(state => (state.Shard, (Action<Stream>)(to => Write(to, state.Memory, state.Bytes))));

    /// <param name="state">A shard's optimizer state, which this owns from now on, and its length.</param>
    public void Add(TrainingMessages.ShardDescription shard, (LentMemory Memory, long Bytes) state) => states.Add((shard, state.Memory, state.Bytes));

    public void Dispose()
    {
        weights.Dispose();
        states.ForEach(state => state.Memory.Dispose());
    }

    private static unsafe void Write(Stream to, LentMemory memory, long bytes)
    {
        for (var done = 0L; done < bytes; done += PieceBytes)
            to.Write(new ReadOnlySpan<byte>(memory.Pointer + done, (int)Math.Min(PieceBytes, bytes - done)));
    }
}
