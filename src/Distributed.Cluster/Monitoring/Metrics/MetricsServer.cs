using System.Net;
using System.Net.Sockets;
using System.Text;
using Distributed.Cluster.Nodes;

namespace Distributed.Cluster.Monitoring.Metrics;

/// <summary>
/// Answers <c>/health/live</c>, <c>/health/ready</c> and <c>/metrics</c> over HTTP/1.1: one request a connection, of a bounded size, within
/// a bounded time, from a bounded number of connections at once. It changes nothing and tells nothing else. One thread does it all and gives
/// way to those that compute: whoever asks can wait some milliseconds, a step can't.
/// </summary>
internal sealed class MetricsServer : IDisposable
{
    private const int MostConnections = 16;
    private const int LongestRequest = 8192;
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly Socket listener;
    private readonly MetricsPage page;
    private readonly HealthCheck health;
    private readonly List<Connection> connections = [];
    private readonly Thread thread;
    private volatile bool closing;

    /// <summary>Listens.</summary>
    /// <param name="address">The address to listen on.</param>
    /// <param name="port">The port; 0 takes a free one.</param>
    /// <exception cref="SocketException">It can't.</exception>
    public MetricsServer(IPAddress address, int port, MetricsPage page, HealthCheck health)
    {
        this.page = page;
        this.health = health;
        listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(new IPEndPoint(address, port));
            listener.Listen(MostConnections);
        }
        catch (SocketException)
        {
            listener.Dispose();
            throw;
        }

        Endpoint = (IPEndPoint)listener.LocalEndPoint!;
        thread = new Thread(Serve) { Name = "metrics", IsBackground = true };
        thread.Start();
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Endpoint { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        closing = true;
        // Ends the thread's waiting, too.
        listener.Dispose();
        thread.Join();
        page.Dispose();
    }

    private void Serve()
    {
        Background.Enter();
        var ready = new List<Socket>();
        try
        {
            while (!closing)
            {
                ready.Clear();
                // Others wait in the kernel's queue.
                if (connections.Count < MostConnections)
                    ready.Add(listener);
                ready.AddRange(connections.Select(connection => connection.Socket));
                Socket.Select(ready, null, null, connections.Count > 0 ? LookEvery : Timeout.InfiniteTimeSpan);
                if (ready.Remove(listener))
                    Accept();
                foreach (var connection in connections.FindAll(connection => ready.Contains(connection.Socket) ? Serve(connection) : connection.Age > Within))
                {
                    connections.Remove(connection);
                    connection.Socket.Dispose();
                }
            }
        }
        catch (ObjectDisposedException) when (closing)
        {
            // The listener was, while it was waited for.
        }
        finally
        {
            foreach (var connection in connections)
                connection.Socket.Dispose();
        }
    }

    private void Accept()
    {
        try
        {
            connections.Add(new Connection(listener.Accept()));
        }
        catch (SocketException)
        {
            // It was gone before it was taken, or the process has no handle left for it, which asking again at once would not change.
            Thread.Sleep(10);
        }
    }

    /// <summary>Takes what has come; true when the connection is done with.</summary>
    private bool Serve(Connection connection)
    {
        try
        {
            if (!connection.Receive())
                return true;
            if (connection.RequestLine() is not { } line)
                return connection.Full;
            connection.Send(Answer(line));
            return true;
        }
        catch (SocketException)
        {
            // Whoever asked is gone or too slow.
            return true;
        }
    }

    private byte[] Answer(string line)
    {
        const string plain = "text/plain; charset=utf-8";
        var words = line.Split(' ');
        var (status, type, body) = words switch
        {
            not [_, _, _] => Refused("400 Bad Request", "expected a request of HTTP/1.1"),
            [_, _, var version] when !version.StartsWith("HTTP/1.", StringComparison.Ordinal) => Refused("400 Bad Request", "expected a request of HTTP/1.1"),
            [not ("GET" or "HEAD"), _, _] => Refused("405 Method Not Allowed", "expected GET"),
            [_, var path, _] => path.Split('?')[0] switch
            {
                "/metrics" => Metrics(),
                "/health/live" => Health(health.NotLive(), "live"),
                "/health/ready" => Health(health.NotReady(), "ready"),
                _ => Refused("404 Not Found", "expected /metrics, /health/live or /health/ready"),
            },
        };
        var content = Encoding.UTF8.GetBytes(body);
        var head = Encoding.ASCII.GetBytes(
            $"HTTP/1.1 {status}\r\nContent-Type: {type}\r\nContent-Length: {content.Length}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n");
        return words[0] == "HEAD" ? head : [.. head, .. content];

        static (string Status, string Type, string Body) Refused(string status, string line) => (status, plain, line + "\n");

        static (string Status, string Type, string Body) Health(string? problem, string well) =>
            problem is null ? ("200 OK", plain, well + "\n") : Refused("503 Service Unavailable", problem);
    }

    private (string Status, string Type, string Body) Metrics()
    {
        try
        {
            return ("200 OK", PrometheusText.ContentType, page.Text());
        }
        catch (AggregateException exception)
        {
            // Of what is observed, some can't be: that is no reason to end the node.
            return ("500 Internal Server Error", "text/plain; charset=utf-8", exception.Message + "\n");
        }
    }

    /// <summary>Somebody who asks, and what has come so far.</summary>
    private sealed class Connection
    {
        private readonly byte[] buffer = new byte[LongestRequest];
        private readonly long begin = Environment.TickCount64;
        private int count;

        public Connection(Socket socket)
        {
            Socket = socket;
            // An answer fits what the kernel holds for one who reads; one who does not read must not hold up the others.
            socket.SendTimeout = (int)LookEvery.TotalMilliseconds;
        }

        public Socket Socket { get; }

        public TimeSpan Age => TimeSpan.FromMilliseconds(Environment.TickCount64 - begin);

        /// <summary>Whether nothing more is taken.</summary>
        public bool Full => count == buffer.Length;

        /// <summary>Takes what is there; false at its end.</summary>
        public bool Receive()
        {
            var received = Socket.Receive(buffer, count, buffer.Length - count, SocketFlags.None);
            count += received;
            return received > 0;
        }

        /// <summary>The first line of a request that has come whole; null before.</summary>
        public string? RequestLine()
        {
            var text = Encoding.ASCII.GetString(buffer, 0, count);
            return text.Contains("\r\n\r\n", StringComparison.Ordinal) || text.Contains("\n\n", StringComparison.Ordinal)
                ? text[..text.IndexOfAny(['\r', '\n'])]
                : null;
        }

        public void Send(byte[] answer)
        {
            Socket.Send(answer);
            Socket.Shutdown(SocketShutdown.Send);
        }
    }
}
