namespace Distributed.Cluster.Monitoring.Logs;

/// <summary>
/// A file that is appended to, and that outlasts a full disk: what can't be written is kept in memory and written when there is room, nothing of
/// it half and nothing twice. Not thread-safe.
/// </summary>
internal sealed class AppendedFile : Stream
{
    /// <summary>More is not kept: a run writes less in days.</summary>
    public const int MostKept = 64_000_000;

    /// <summary>So much is kept before it is written without a <see cref="Flush"/>.</summary>
    private const int WorthWriting = 64 * 1024;

    private readonly Stream file;
    private readonly Action<IOException?>? told;
    private readonly MemoryStream kept = new();
    private long end;

    /// <summary>Opens a file.</summary>
    /// <param name="anew">Whether what is there is replaced; else it is continued.</param>
    /// <param name="told">Hears, once each time, why nothing can be written; and null when all that was kept is written.</param>
    public AppendedFile(string path, bool anew, Action<IOException?>? told = null)
        : this(new FileStream(path, anew ? FileMode.Create : FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0), told)
    {
    }

    /// <summary>Continues a stream that can be cut.</summary>
    internal AppendedFile(Stream file, Action<IOException?>? told)
    {
        this.file = file;
        this.told = told;
        end = file.Seek(0, SeekOrigin.End);
    }

    /// <summary>Why the last attempt to write failed; null where all is well.</summary>
    public IOException? Failure { get; private set; }

    /// <summary>Whether the file has all.</summary>
    public bool IsWritten => kept.Length == 0;

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <summary>How long the file is with all that is kept.</summary>
    public override long Length => end + kept.Length;

    /// <inheritdoc/>
    public override long Position
    {
        get => Length;
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    /// <exception cref="IOException">More than <see cref="MostKept"/> can't be written.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        kept.Write(buffer);
        if (Failure is null && kept.Length >= WorthWriting)
            Flush();
        if (Failure is { } failure && kept.Length > MostKept)
            throw new IOException(failure.Message, failure);
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <summary>Writes what is kept, if that can be.</summary>
    public override void Flush()
    {
        if (IsWritten)
            return;
        try
        {
            // Whatever a failed attempt has left goes.
            if (Failure is not null)
                file.SetLength(end);
            file.Position = end;
            file.Write(kept.GetBuffer(), 0, (int)kept.Length);
            file.Flush();
        }
        catch (IOException failure)
        {
            var isNew = Failure is null;
            Failure = failure;
            if (isNew)
                told?.Invoke(failure);
            return;
        }

        end += kept.Length;
        kept.SetLength(0);
        if (Failure is null)
            return;
        Failure = null;
        told?.Invoke(null);
    }

    /// <summary>Has all outlast the machine; false where it could not be written.</summary>
    public bool FlushToDisk()
    {
        Flush();
        if (!IsWritten)
            return false;
        (file as FileStream)?.Flush(flushToDisk: true);
        return true;
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Flush();
            file.Dispose();
        }

        base.Dispose(disposing);
    }
}
