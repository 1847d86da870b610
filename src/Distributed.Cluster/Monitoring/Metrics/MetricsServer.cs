using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Distributed.Cluster.Monitoring.Metrics;

/// <summary>
/// Answers <c>/health/live</c>, <c>/health/ready</c> and <c>/metrics</c> over HTTP/1.1: one request a connection, of a bounded size, within
/// a bounded time, from a bounded number of connections at once. It changes nothing and tells nothing else.
/// </summary>
internal sealed class MetricsServer : IAsyncDisposable
{
    private const int MostConnections = 16;
    private const int LongestRequest = 8192;
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(10);

    private readonly TcpListener listener;
    private readonly MetricsPage page;
    private readonly HealthCheck health;
    private readonly CancellationTokenSource closing = new();
    private readonly SemaphoreSlim free = new(MostConnections);
    private readonly Task accepting;

    /// <summary>Listens.</summary>
    /// <param name="address">The address to listen on.</param>
    /// <param name="port">The port; 0 takes a free one.</param>
    /// <exception cref="SocketException">It can't.</exception>
    public MetricsServer(IPAddress address, int port, MetricsPage page, HealthCheck health)
    {
        this.page = page;
        this.health = health;
        listener = new TcpListener(address, port);
        listener.Start(MostConnections);
        accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Endpoint => (IPEndPoint)listener.LocalEndpoint;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        listener.Dispose();
        await accepting;
        // Connections that are being answered end by the cancellation.
        for (var i = 0; i < MostConnections; i++)
            await free.WaitAsync();
        page.Dispose();
        closing.Dispose();
        free.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!closing.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                // Further connections wait in the system's own queue.
                await free.WaitAsync(closing.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            try
            {
                socket = await listener.AcceptSocketAsync(closing.Token);
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // Closed, or a connection that was gone before it was taken.
                free.Release();
                continue;
            }

            _ = Task.Run(() => AnswerAsync(socket));
        }
    }

    private async Task AnswerAsync(Socket socket)
    {
        using var within = CancellationTokenSource.CreateLinkedTokenSource(closing.Token);
        within.CancelAfter(Within);
        try
        {
            using (socket)
            {
                if (await RequestLineAsync(socket, within.Token) is { } line)
                    await SendAsync(socket, line, within.Token);
            }
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            // Whoever asked is gone or too slow.
        }
        finally
        {
            free.Release();
        }
    }

    /// <summary>The first line of a request that has come whole; null where it is too long or ends before.</summary>
    private static async Task<string?> RequestLineAsync(Socket socket, CancellationToken cancellation)
    {
        var buffer = new byte[LongestRequest];
        for (var count = 0; count < buffer.Length;)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(count), cancellation);
            if (read == 0)
                return null;
            count += read;
            var text = Encoding.ASCII.GetString(buffer, 0, count);
            if (text.Contains("\r\n\r\n", StringComparison.Ordinal) || text.Contains("\n\n", StringComparison.Ordinal))
                return text[..text.IndexOfAny(['\r', '\n'])];
        }

        return null;
    }

    private async Task SendAsync(Socket socket, string line, CancellationToken cancellation)
    {
        var (status, type, body) = Answer(line);
        var content = Encoding.UTF8.GetBytes(body);
        var head = Encoding.ASCII.GetBytes(
            $"HTTP/1.1 {status}\r\nContent-Type: {type}\r\nContent-Length: {content.Length}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n");
        byte[] answer = line.StartsWith("HEAD ", StringComparison.Ordinal) ? head : [.. head, .. content];
        for (var sent = 0; sent < answer.Length;)
            sent += await socket.SendAsync(answer.AsMemory(sent), cancellation);
        socket.Shutdown(SocketShutdown.Send);
    }

    private (string Status, string Type, string Body) Answer(string line)
    {
        const string plain = "text/plain; charset=utf-8";
        var words = line.Split(' ');
        if (words.Length != 3 || !words[2].StartsWith("HTTP/1.", StringComparison.Ordinal))
            return ("400 Bad Request", plain, "expected a request of HTTP/1.1\n");
        if (words[0] is not ("GET" or "HEAD"))
            return ("405 Method Not Allowed", plain, "expected GET\n");
        return words[1].Split('?')[0] switch
        {
            "/metrics" => ("200 OK", PrometheusText.ContentType, page.Text()),
            "/health/live" => Health(health.NotLive(), "live"),
            "/health/ready" => Health(health.NotReady(), "ready"),
            _ => ("404 Not Found", plain, "expected /metrics, /health/live or /health/ready\n"),
        };

        static (string Status, string Type, string Body) Health(string? problem, string well) =>
            (problem is null ? "200 OK" : "503 Service Unavailable", plain, (problem ?? well) + "\n");
    }
}
