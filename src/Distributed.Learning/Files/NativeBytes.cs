namespace Distributed.Learning;

/// <summary>Walks long native memory in spans, which are bounded to 2 GB.</summary>
internal static class NativeBytes
{
    private const long ChunkBytes = 1 << 20;

    public static unsafe void ForEachChunk(IntPtr memory, long bytes, Action<ReadOnlySpan<byte>> action)
    {
        for (var done = 0L; done < bytes; done += ChunkBytes)
            action(new ReadOnlySpan<byte>((byte*)memory + done, (int)Math.Min(ChunkBytes, bytes - done)));
    }

    /// <summary>Fills memory from a stream; returns the bytes that came before the stream's end.</summary>
    public static unsafe long Fill(Stream stream, IntPtr memory, long bytes)
    {
        var done = 0L;
        while (done < bytes)
        {
            var read = stream.Read(new Span<byte>((byte*)memory + done, (int)Math.Min(ChunkBytes, bytes - done)));
            if (read == 0) break;
            done += read;
        }
        return done;
    }
}
