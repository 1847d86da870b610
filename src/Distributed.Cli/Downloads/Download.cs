using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;

namespace Distributed.Cli.Downloads;

/// <summary>
/// Brings a file over HTTP and believes it only when its checksum is right. What has come is kept beside it, in a file that ends in
/// <c>.part</c>, so that a download that broke off goes on where it stopped, in the same call or the next one.
/// </summary>
internal sealed class Download(HttpClient client, TimeSpan silence)
{
    private const int Attempts = 3;
    private const int BlockBytes = 1 << 17;

    /// <summary>A client for downloads: connecting has a deadline, and each block has <paramref name="silence"/>.</summary>
    public static Download Create(TimeSpan silence) => new(
        new HttpClient(new SocketsHttpHandler { ConnectTimeout = silence }) { Timeout = Timeout.InfiniteTimeSpan }, silence);

    /// <summary>Whether the file is there and is the right one.</summary>
    public static bool IsThere(string path, string sha256) => File.Exists(path) && Checksum(path) == sha256;

    /// <summary>Downloads a file.</summary>
    /// <param name="address">Where from.</param>
    /// <param name="path">Where to; appears only when it is whole.</param>
    /// <param name="sha256">What its SHA-256 must be, in small hexadecimal digits.</param>
    /// <param name="progress">Told the bytes that are there and, where the server says so, how many there will be.</param>
    /// <param name="stop">Ends it; what has come is kept.</param>
    /// <exception cref="IOException">The server can't be reached, does not have the file, falls silent, or has another file.</exception>
    public async Task FetchAsync(Uri address, string path, string sha256, Action<long, long?> progress, CancellationToken stop)
    {
        var part = path + ".part";
        for (var attempt = 1; ; attempt++)
            try
            {
                await ContinueAsync(address, part, progress, stop);
                break;
            }
            catch (Exception exception) when (attempt < Attempts && IsBroken(exception))
            {
                // Lines break: go on from what has come.
            }
            catch (HttpRequestException exception)
            {
                throw new IOException($"{address}: {exception.Message}", exception);
            }

        var actual = Checksum(part);
        if (actual != sha256)
        {
            // Nothing of it can be trusted, so nothing of it is gone on from.
            File.Delete(part);
            throw new IOException($"{address}: expected a file with the SHA-256 {sha256}, got {actual}");
        }
        File.Move(part, path, overwrite: true);
    }

    // An answer such as "not found" stays the same however often one asks.
    private static bool IsBroken(Exception exception) => exception is IOException or TimeoutException or HttpRequestException { StatusCode: null };

    private async Task ContinueAsync(Uri address, string part, Action<long, long?> progress, CancellationToken stop)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await using var file = new FileStream(part, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        try
        {
            deadline.CancelAfter(silence);
            using var answer = await AskAsync(address, file.Length, deadline.Token);
            var goesOn = answer.StatusCode == HttpStatusCode.PartialContent && answer.Content.Headers.ContentRange?.From == file.Length;
            if (!goesOn) file.SetLength(0);
            file.Seek(0, SeekOrigin.End);
            var whole = answer.Content.Headers.ContentLength is { } rest ? file.Length + rest : (long?)null;
            await using var body = await answer.Content.ReadAsStreamAsync(deadline.Token);
            var block = new byte[BlockBytes];
            while (true)
            {
                deadline.CancelAfter(silence);
                var read = await body.ReadAsync(block, deadline.Token);
                if (read == 0) break;
                await file.WriteAsync(block.AsMemory(0, read), stop);
                progress(file.Position, whole);
            }
            if (whole is { } expected && file.Length < expected)
                throw new IOException($"{address}: the connection ended after {file.Length} of {expected} bytes");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new TimeoutException($"{address}: nothing came for {silence.TotalSeconds:F0} s, after {file.Length} bytes");
        }
    }

    private async Task<HttpResponseMessage> AskAsync(Uri address, long from, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (from > 0) request.Headers.Range = new RangeHeaderValue(from, null);
        var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
        if (answer.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable && from > 0)
        {
            // Either all has come or the file is another one now: the whole again decides it.
            answer.Dispose();
            return await AskAsync(address, 0, stop);
        }
        if (answer.IsSuccessStatusCode) return answer;
        using (answer)
            throw new HttpRequestException($"the server answered {(int)answer.StatusCode} ({answer.ReasonPhrase})", null, answer.StatusCode);
    }

    private static string Checksum(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
