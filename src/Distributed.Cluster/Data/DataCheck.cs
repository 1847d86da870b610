using System.Globalization;
using Distributed.Cluster.Protocol;
using Distributed.Learning;

namespace Distributed.Cluster.Data;

/// <summary>What a node tells while it looks at its data, from the thread that does.</summary>
/// <param name="Phase">What is being done.</param>
/// <param name="Receiving">How many bytes are there, and of how many, after each chunk.</param>
/// <param name="Received">Files have come: how many, the bytes that came, and the seconds that it took.</param>
internal sealed record DataCheckEvents(Action<string> Phase, Action<long, long> Receiving, Action<int, long, double> Received);

/// <summary>
/// What a worker does before it reads its data: hash its files, compare them with those of the job, and receive them where it has none and may. All on the
/// calling thread.
/// </summary>
/// <param name="data">The job's data.</param>
/// <param name="dataFolder">Where data lies on this machine.</param>
/// <param name="fetches">Whether files may be received into it.</param>
/// <param name="peer">Those who are asked.</param>
/// <param name="events">Hear how far it is.</param>
internal sealed class DataCheck(DataSpec data, string dataFolder, bool fetches, IDataPeer peer, DataCheckEvents events)
{
    /// <summary>What the phases begin with in which a node may be for long, saying again and again how far it is.</summary>
    public const string Hashing = "hashing data", Receiving = "receiving data";

    /// <summary>Makes sure that this node has the job's data.</summary>
    /// <returns>The files; null where the program makes the data.</returns>
    /// <exception cref="BadInputException">It has not: the message names the file.</exception>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public DataManifest? Run(CancellationToken cancellation)
    {
        var own = TryRead(cancellation, out var missing);
        if (own is { Entries.Count: 0 })
            return null;
        if (own is null && !fetches)
            throw missing!;
        events.Phase("comparing data");
        var reference = peer.Compare(own is null ? null : Summary(own), missing?.Message);
        if (reference.Data is not { } expected)
            throw new BadInputException($"{missing?.Message ?? dataFolder}; no node of the job has the data");
        if (own?.Digest == expected.Digest)
            return own;
        var theirs = List(expected, cancellation);
        if (own is null)
        {
            var since = Environment.TickCount64;
            var fetch = new DataFetch(theirs, dataFolder, peer, (done, all) =>
            {
                events.Phase(Progress(Receiving, done, all));
                events.Receiving(done, all);
            });
            var bytes = fetch.Run(cancellation);
            events.Received(theirs.Entries.Count, bytes, (Environment.TickCount64 - since) / 1000.0);
            own = TryRead(cancellation, out missing) ?? throw missing!;
            _ = peer.Compare(Summary(own), null);
        }

        return theirs.Difference(own, reference.Holder) is { } difference
            ? throw new BadInputException($"{dataFolder} {difference}: all nodes of a job need the same data") : own;
    }

    /// <summary>What data is, for those who compare it.</summary>
    public static DataMessages.Summary Summary(DataManifest manifest) => new(manifest.Digest, manifest.Entries.Count, manifest.Bytes);

    private DataManifest? TryRead(CancellationToken cancellation, out BadInputException? problem)
    {
        try
        {
            problem = null;
            return DataManifest.Read(data, dataFolder, FileHashes.OfUser((done, all) => events.Phase(Progress(Hashing, done, all))), cancellation);
        }
        catch (BadInputException exception)
        {
            problem = exception;
            return null;
        }
    }

    private DataManifest List(DataMessages.Summary expected, CancellationToken cancellation)
    {
        if (expected.Files is < 1 or > DataMessages.MostFiles)
            throw new BadInputException($"expected data of 1 to {DataMessages.MostFiles} files, got {expected.Files}");
        var entries = new List<DataFileEntry>();
        while (entries.Count < expected.Files)
        {
            cancellation.ThrowIfCancellationRequested();
            var page = peer.ListFiles(expected.Digest, entries.Count);
            if (page.Count == 0 || page.Count > expected.Files - entries.Count)
                throw new InvalidOperationException($"{page.Count} files came of data with {expected.Files}, after {entries.Count}");
            entries.AddRange(page);
        }

        var manifest = new DataManifest(entries);
        return manifest.Digest == expected.Digest ? manifest : throw new InvalidOperationException("the list of data files that came is not the one that was announced");
    }

    private static string Progress(string what, long done, long all) =>
        string.Create(CultureInfo.InvariantCulture, $"{what}: {done / 1e6:F0} of {all / 1e6:F0} MB");
}
