using Distributed.Cluster.Checkpoints;

namespace Distributed.Cluster.Succession;

/// <summary>
/// Files of lines that a coordinator's successor goes on with. The former one may have been cut off in the middle of a line, and may not know
/// yet that it is no longer the coordinator: so its successor goes on with a copy under the same name, and what is still written into the former
/// file reaches nobody.
/// </summary>
internal static class WholeLines
{
    /// <summary>Puts a copy of a file, without a last line that was cut, in its place; does nothing where there is none.</summary>
    /// <exception cref="IOException">It can't be read or written.</exception>
    public static void TakeOver(string file)
    {
        if (!File.Exists(file))
            return;
        var copy = file + ".new";
        using (var from = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
        using (var to = new FileStream(copy, FileMode.Create, FileAccess.ReadWrite))
        {
            from.CopyTo(to);
            to.SetLength(EndOfLines(to));
        }

        Disk.Replace(file, by: copy);
    }

    private static long EndOfLines(FileStream stream)
    {
        var buffer = new byte[4096];
        for (var end = stream.Length; end > 0;)
        {
            var begin = Math.Max(0, end - buffer.Length);
            var part = buffer.AsSpan(0, (int)(end - begin));
            stream.Position = begin;
            stream.ReadExactly(part);
            if (part.LastIndexOf((byte)'\n') is >= 0 and var at)
                return begin + at + 1;
            end = begin;
        }

        return 0;
    }
}
