using System.Collections.Concurrent;
using Distributed.Cluster.Protocol;
using Distributed.Learning;

namespace Distributed.Cluster.Data;

/// <summary>
/// Gives a node's data files to other nodes of the job: one question after another, on a thread of its own, since disks may be slow. Only files of the manifest are
/// read, whatever is asked for.
/// </summary>
internal sealed class DataSource : IDisposable
{
    /// <summary>Questions that wait; whoever is not answered asks again.</summary>
    private const int MostWaiting = 1000;

    private readonly Guid job;
    private readonly DataManifest manifest;
    private readonly string dataFolder;
    private readonly BlockingCollection<(object Question, Action<object> Answer)> questions = new(MostWaiting);
    private (int Number, FileStream File)? open;

    public DataSource(Guid job, DataManifest manifest, string dataFolder)
    {
        this.job = job;
        this.manifest = manifest;
        this.dataFolder = dataFolder;
        new Thread(Serve) { Name = "data source", IsBackground = true }.Start();
    }

    /// <summary>Has a question answered, from the source's thread.</summary>
    public void Ask(object question, Action<object> answer)
    {
        if (!questions.IsAddingCompleted)
            questions.TryAdd((question, answer));
    }

    public void Dispose() => questions.CompleteAdding();

    private void Serve()
    {
        foreach (var (question, answer) in questions.GetConsumingEnumerable())
            try
            {
                answer(AnswerTo(question));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                answer(new DataMessages.NotHere(job, exception.Message));
            }

        open?.File.Dispose();
        questions.Dispose();
    }

    private object AnswerTo(object question) => question switch
    {
        DataMessages.ListFiles list when list.Digest == manifest.Digest && list.From >= 0 => new DataMessages.Files(
            job, list.From,
            [.. manifest.Entries.Skip(list.From).Take(DataMessages.FilesPerPage).Select(entry => new DataMessages.File(entry.Name, entry.Bytes, entry.Sha256))]),
        DataMessages.ReadChunk read when read.Digest == manifest.Digest && read.File >= 0 && read.File < manifest.Entries.Count
            && read.Offset >= 0 && read.Offset < manifest.Entries[read.File].Bytes => new DataMessages.Chunk(job, read.File, read.Offset, Read(read.File, read.Offset)),
        _ => new DataMessages.NotHere(job, "there is no such part of the job's data"),
    };

    private byte[] Read(int number, long offset)
    {
        var entry = manifest.Entries[number];
        if (open?.Number != number)
        {
            open?.File.Dispose();
            open = null;
            open = (number, new FileStream(Path.Combine(dataFolder, entry.Name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0));
        }

        var file = open.Value.File;
        var bytes = new byte[Math.Min(DataMessages.ChunkBytes, entry.Bytes - offset)];
        file.Position = offset;
        file.ReadExactly(bytes);
        return bytes;
    }
}
