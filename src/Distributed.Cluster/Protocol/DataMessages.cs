using Akka.Actor;
using Distributed.Learning;
using MessagePack;

namespace Distributed.Cluster.Protocol;

/// <summary>
/// A worker ↔ its job's coordinator, before the worker reads its data: whether its files are those of the others, and the files themselves where it has
/// none. The worker asks, and asks again where no answer comes; whoever has the files answers.
/// </summary>
internal static class DataMessages
{
    /// <summary>Bytes of a file in one message: far below what the control plane takes, and little enough that no heartbeat waits for it.</summary>
    public const int ChunkBytes = 128 * 1024;

    /// <summary>Files in one message.</summary>
    public const int FilesPerPage = 100;

    /// <summary>Files of a job at most.</summary>
    public const int MostFiles = 1 << 21;

    /// <summary>What a node's data is, as short as can be.</summary>
    public sealed record Summary(string Digest, int Files, long Bytes);

    /// <summary>
    /// What a worker has: <paramref name="Has"/>, or null where files are missing, with what is (<paramref name="Problem"/>). Answered by
    /// <see cref="Reference"/> once it is known. <paramref name="Agreed"/>: it works with this data, and says so to another coordinator.
    /// </summary>
    public sealed record Compare(Guid Job, string Node, Summary? Has, string? Problem, bool Agreed = false) : IControlMessage;

    /// <summary>What the job's data is, and one node that has it; null where no node has it.</summary>
    public sealed record Reference(Guid Job, Summary? Data, string Holder) : IControlMessage;

    /// <summary>Asks which files the data of that digest are, from one of them on; <see cref="Files"/> go to whoever asked.</summary>
    public sealed record ListFiles(Guid Job, string Digest, int From, IActorRef? Asker = null) : IControlMessage;

    /// <summary>Some of them, in order.</summary>
    [MessagePackObject]
    [TensorMessage("data-files")]
    public sealed record Files([property: Key(0)] Guid Job, [property: Key(1)] int From, [property: Key(2)] File[] Entries) : ITensorMessage;

    /// <summary>As <see cref="DataFileEntry"/>.</summary>
    [MessagePackObject]
    public sealed record File([property: Key(0)] string Name, [property: Key(1)] long Bytes, [property: Key(2)] string Sha256);

    /// <summary>Asks for up to <see cref="ChunkBytes"/> of the file with that number in the data of that digest; a <see cref="Chunk"/> goes to whoever asked.</summary>
    public sealed record ReadChunk(Guid Job, string Digest, int File, long Offset, IActorRef? Asker = null) : IControlMessage;

    /// <summary>What is there, as long as it can be.</summary>
    [MessagePackObject]
    [TensorMessage("data-chunk")]
    public sealed record Chunk(
        [property: Key(0)] Guid Job, [property: Key(1)] int File, [property: Key(2)] long Offset, [property: Key(3)] byte[] Bytes) : ITensorMessage;

    /// <summary>In place of an answer: the holder can't give what was asked for.</summary>
    public sealed record NotHere(Guid Job, string Reason) : IControlMessage;
}
