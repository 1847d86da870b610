using Akka.Actor;
using Distributed.Cluster.Protocol;
using Distributed.Learning;

namespace Distributed.Cluster.Data;

/// <summary>Asks the job's coordinator, which passes questions for files on to a node that has them. To be used on a thread of its own.</summary>
/// <param name="id">The job.</param>
/// <param name="node">The node that asks.</param>
/// <param name="job">Who coordinates the job now.</param>
/// <param name="cancellation">Ends the waiting.</param>
internal sealed class JobDataPeer(Guid id, string node, Func<IActorRef> job, CancellationToken cancellation) : IDataPeer
{
    /// <summary>Then a question is asked again: a message can be lost with a connection, and the coordinator can change.</summary>
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5);

    /// <summary>So often files are asked for in vain.</summary>
    private const int MostAttempts = 12;

    /// <inheritdoc/>
    /// <remarks>Waits for as long as others look at their data; the coordinator has a deadline for that.</remarks>
    public DataMessages.Reference Compare(DataMessages.Summary? has, string? problem) =>
        Ask<DataMessages.Reference>(new DataMessages.Compare(id, node, has, problem), int.MaxValue);

    /// <inheritdoc/>
    public IReadOnlyList<DataFileEntry> ListFiles(string digest, int from) =>
        [.. Ask<DataMessages.Files>(new DataMessages.ListFiles(id, digest, from), MostAttempts).Entries.Select(file => new DataFileEntry(file.Name, file.Bytes, file.Sha256))];

    /// <inheritdoc/>
    public byte[] ReadChunk(string digest, int file, long offset) =>
        Ask<DataMessages.Chunk>(new DataMessages.ReadChunk(id, digest, file, offset), MostAttempts).Bytes;

    private T Ask<T>(object question, int attempts)
    {
        for (var attempt = 1; ; attempt++)
            try
            {
                // This thread has nothing else to do.
                return job().Ask<object>(question, AnswerWithin, cancellation).GetAwaiter().GetResult() switch
                {
                    T answer => answer,
                    DataMessages.NotHere refused => throw new IOException(refused.Reason),
                    var other => throw new InvalidOperationException($"a question for data was answered by {other.GetType().Name}"),
                };
            }
            catch (AskTimeoutException exception)
            {
                cancellation.ThrowIfCancellationRequested();
                if (attempt >= attempts)
                    throw new TimeoutException($"nobody gives {node} the job's data: no answer within {attempt * AnswerWithin.TotalSeconds:F0} s", exception);
            }
    }
}
