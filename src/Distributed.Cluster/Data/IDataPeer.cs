using Distributed.Cluster.Protocol;
using Distributed.Learning;

namespace Distributed.Cluster.Data;

/// <summary>Those who know what a job's data is and have it, as a worker's thread asks them. Every call waits for its answer.</summary>
internal interface IDataPeer
{
    /// <summary>Says what this node has, and hears what the job's data is.</summary>
    /// <param name="has">Null: files are missing.</param>
    /// <param name="problem">Then: what is.</param>
    DataMessages.Reference Compare(DataMessages.Summary? has, string? problem);

    /// <summary>Files of the data with a digest, from one of them on; at least one where there is one.</summary>
    /// <exception cref="TimeoutException">Nobody answers.</exception>
    IReadOnlyList<DataFileEntry> ListFiles(string digest, int from);

    /// <summary>Bytes of a file of that data.</summary>
    /// <exception cref="TimeoutException">Nobody answers.</exception>
    byte[] ReadChunk(string digest, int file, long offset);
}
