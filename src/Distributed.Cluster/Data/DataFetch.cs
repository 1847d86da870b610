using Distributed.Cluster.Protocol;
using Distributed.Learning;

namespace Distributed.Cluster.Data;

/// <summary>
/// Receives the files of a job's data into a node's data folder, chunk by chunk, each asked for once the one before is written. What was received before the
/// node ended is gone on from; a file appears under its name only when its hash is right, and none that is there is written over.
/// </summary>
/// <param name="manifest">The files.</param>
/// <param name="dataFolder">Where they go.</param>
/// <param name="peer">Whoever has them.</param>
/// <param name="progress">Hears how many bytes are there, and of how many.</param>
internal sealed class DataFetch(DataManifest manifest, string dataFolder, IDataPeer peer, Action<long, long> progress)
{
    private const string Unfinished = ".part";
    private const int DigitsInName = 16;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(200);

    private long done;
    private long came;

    /// <summary>Receives what is missing.</summary>
    /// <returns>How many bytes came.</returns>
    /// <exception cref="BadInputException">The folder can't be written, is too full, or has another file under one of the names.</exception>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public long Run(CancellationToken cancellation)
    {
        try
        {
            CheckRoom();
            for (var number = 0; number < manifest.Entries.Count; number++)
                Receive(number, cancellation);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"data can't be received into {dataFolder}: {exception.Message}", exception);
        }

        return came;
    }

    private void CheckRoom()
    {
        var missing = manifest.Entries.Where(entry => !File.Exists(PathOf(entry))).Sum(entry => entry.Bytes);
        var room = new DriveInfo(Path.GetFullPath(dataFolder)).AvailableFreeSpace;
        if (missing > room)
            throw new BadInputException($"data can't be received into {dataFolder}: it takes {missing} bytes, and {room} are free");
    }

    private void Receive(int number, CancellationToken cancellation)
    {
        var entry = manifest.Entries[number];
        var path = PathOf(entry);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var unfinished = $"{path}.{entry.Sha256[..DigitsInName]}{Unfinished}";
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (File.Exists(path))
            {
                // What it is, is compared with all else that is there.
                done += entry.Bytes;
                progress(done, manifest.Bytes);
                return;
            }

            if (TryOpen(unfinished) is not { } file)
            {
                // Another node of this machine receives it into the same folder.
                cancellation.WaitHandle.WaitOne(BetweenLooks);
                continue;
            }

            using (file)
            {
                // It may have come while this one was opened.
                if (File.Exists(path))
                {
                    File.Delete(unfinished);
                    continue;
                }

                Fill(file, number, entry, cancellation);
                file.Flush(flushToDisk: true);
            }

            if (FileHashes.Read(unfinished, _ => { }, cancellation) != entry.Sha256)
            {
                File.Delete(unfinished);
                throw new IOException($"{entry.Name} came damaged");
            }

            File.Move(unfinished, path, overwrite: false);
        }
    }

    private void Fill(FileStream file, int number, DataFileEntry entry, CancellationToken cancellation)
    {
        if (file.Length > entry.Bytes)
            file.SetLength(0);
        for (var at = file.Seek(0, SeekOrigin.End); at < entry.Bytes;)
        {
            cancellation.ThrowIfCancellationRequested();
            var bytes = peer.ReadChunk(manifest.Digest, number, at);
            if (bytes.Length != Math.Min(DataMessages.ChunkBytes, entry.Bytes - at))
                throw new IOException($"{entry.Name}: {bytes.Length} bytes came from {at} on, of {entry.Bytes}");
            file.Write(bytes);
            at += bytes.Length;
            came += bytes.Length;
            progress(done + at, manifest.Bytes);
        }
    }

    private static FileStream? TryOpen(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 0);
        }
        catch (IOException exception) when (DataCache.IsLockedByOther(exception))
        {
            return null;
        }
    }

    private string PathOf(DataFileEntry entry) => Path.Combine(dataFolder, entry.Name);
}
