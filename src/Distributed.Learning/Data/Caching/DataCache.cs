using System.Diagnostics;
using System.Globalization;

namespace Distributed.Learning;

/// <summary>
/// Keeps decoded data in files that the processes of a host share: one process decodes, the others map what it wrote, and later starts
/// find it ready. Whatever goes wrong with it, the data is the same: it is then decoded without it, and a line says why.
/// </summary>
/// <remarks>
/// A file appears under its name only when it is whole, and is believed only when its checksum is right. Who decodes holds a lock that
/// the system takes back however the process ends.
/// </remarks>
public sealed class DataCache
{
    // Twice what the largest set of images takes, so that no job throws its own data out.
    private const long DefaultMostBytes = 8L << 30;

    // Decoding less takes no longer than finding it.
    private const long DefaultLeastBytes = 1 << 20;

    private static readonly TimeSpan DefaultPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(20);

    // What flock says on Linux, on macOS, and a sharing violation on Windows.
    private static readonly int[] LockedByOthers = [11, 35, unchecked((int)0x80070020)];

    private readonly CacheFolder folder;
    private readonly Action<string> tell;
    private readonly CancellationToken cancellation;
    private readonly long leastBytes;
    private readonly TimeSpan patience;

    internal DataCache(
        CacheFolder folder, Action<string> tell, CancellationToken cancellation = default, long mostBytes = DefaultMostBytes,
        long leastBytes = DefaultLeastBytes, TimeSpan? patience = null)
    {
        this.folder = folder;
        this.tell = tell;
        this.cancellation = cancellation;
        MostBytes = mostBytes;
        this.leastBytes = leastBytes;
        this.patience = patience ?? DefaultPatience;
    }

    /// <summary>
    /// The cache of the user who runs this process: in <c>$TRAINER_CACHE</c>, else in <c>$XDG_CACHE_HOME/trainer/data</c> or
    /// <c>~/.cache/trainer/data</c>. Null where <c>TRAINER_CACHE=off</c> or there is no home.
    /// </summary>
    /// <param name="tell">Takes a line when something is wrong with the cache.</param>
    /// <param name="cancellation">Ends waiting for another process that decodes.</param>
    public static DataCache? OfUser(Action<string> tell, CancellationToken cancellation = default) =>
        CacheFolder.OfUser(Environment.GetEnvironmentVariable) is { } folder ? new DataCache(folder, tell, cancellation) : null;

    /// <summary>Whether a file could not be opened because another process has it for itself.</summary>
    public static bool IsLockedByOther(IOException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return LockedByOthers.Contains(exception.HResult);
    }

    /// <summary>The folder.</summary>
    public string Location => folder.Path;

    /// <summary>How much is kept at most; what was not used for longest goes first.</summary>
    public long MostBytes { get; }

    /// <summary>How many sets of data are kept, and their bytes.</summary>
    public (int Files, long Bytes) Size()
    {
        var files = folder.Files();
        return (files.Count, files.Sum(file => file.Length));
    }

    /// <summary>Removes all that is kept; processes that have some of it mapped keep that until they end.</summary>
    /// <returns>How many sets there were.</returns>
    public int Clear() => folder.Prune(mostBytes: 0);

    /// <summary>Maps data, or decodes and keeps it.</summary>
    /// <param name="settings">Every setting that changes what is decoded.</param>
    /// <param name="dataFolder">Where the files lie.</param>
    /// <param name="files">All files that are decoded.</param>
    /// <param name="decode">Decodes them.</param>
    /// <exception cref="BadInputException">The files are missing or wrong.</exception>
    /// <exception cref="OperationCanceledException">Ended while another process was decoding.</exception>
    internal (IDataSet Training, IDataSet Test) Open(
        string settings, string dataFolder, IReadOnlyList<string> files, Func<(IDataSet Training, IDataSet Test)> decode)
    {
        if (TryKey() is not { } key || !TryCreateFolder()) return decode();
        if (TryMap(key) is { } ready) return ready;
        using var turn = TryTurn(key);
        if (TryMap(key) is { } made) return made;
        var decoded = decode();
        return turn is not null && decoded is (ICacheable training, ICacheable test) && CacheFile.BytesOf(training, test) is var bytes
            && bytes >= leastBytes && bytes <= MostBytes && TryKey() == key && TryKeep(key, training, test, bytes) && TryMap(key) is { } mapped
            ? Instead(decoded, mapped, bytes) : decoded;

        string? TryKey()
        {
            try
            {
                return CacheKey.Of(settings, dataFolder, files);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Decoding says what is wrong with the file.
                return null;
            }
        }
    }

    private bool TryCreateFolder()
    {
        try
        {
            folder.Create();
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            TellUnusable(exception);
            return false;
        }
    }

    private (IDataSet Training, IDataSet Test)? TryMap(string key)
    {
        var file = folder.FileOf(key);
        if (!File.Exists(file)) return null;
        try
        {
            var sets = CacheFile.Open(file, key);
            CacheFolder.Touch(file);
            return sets;
        }
        catch (FileNotFoundException)
        {
            // Another process has just made room.
            return null;
        }
        catch (InvalidDataException exception)
        {
            tell($"{file}: decoded data is damaged: {exception.Message}; decoding again");
            TryDelete(file);
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            TellUnusable(exception);
            return null;
        }
    }

    // The turn to decode; null where it can't be had.
    private FileStream? TryTurn(string key)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
            try
            {
                var turn = new FileStream(folder.LockOf(key), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
                turn.SetLength(0);
                turn.Write(System.Text.Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
                turn.Flush();
                return turn;
            }
            catch (IOException exception) when (IsLockedByOther(exception))
            {
                if (File.Exists(folder.FileOf(key))) return null;
                if (Stopwatch.GetElapsedTime(started) > patience)
                {
                    tell($"{folder.LockOf(key)}: the process whose number is in this file has been decoding for more than {patience.TotalSeconds:F0} s; decoding here, too");
                    return null;
                }
                cancellation.WaitHandle.WaitOne(BetweenLooks);
                cancellation.ThrowIfCancellationRequested();
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                TellUnusable(exception);
                return null;
            }
    }

    private bool TryKeep(string key, ICacheable training, ICacheable test, long bytes)
    {
        var unfinished = folder.UnfinishedFileOf(key);
        try
        {
            folder.RemoveUnfinished(key);
            folder.Prune(MostBytes - bytes);
            CacheFile.Write(unfinished, key, training, test);
            File.Move(unfinished, folder.FileOf(key), overwrite: true);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            TellUnusable(exception);
            TryDelete(unfinished);
            return false;
        }
    }

    private static (IDataSet Training, IDataSet Test) Instead(
        (IDataSet Training, IDataSet Test) decoded, (IDataSet, IDataSet) mapped, long bytes)
    {
        decoded.Training.Dispose();
        decoded.Test.Dispose();
        // Decoding took a multiple of the data; the training that follows needs the memory more.
        if (bytes >= DefaultLeastBytes) GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return mapped;
    }

    private static void TryDelete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // What can't be removed is not believed either, or goes with the next file of its lock.
        }
    }

    private void TellUnusable(Exception exception) =>
        tell($"{folder.Path}: decoded data can't be kept: {exception.Message}; going on without (TRAINER_CACHE names another folder, or off)");
}
