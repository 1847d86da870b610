using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Distributed.Cli.Tests.Downloads;

/// <summary>An HTTP server on loopback that has one file and can be told to misbehave.</summary>
internal sealed class FileServer : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly byte[] file;
    private readonly List<string> ranges = [];
    private int connections;

    public FileServer(byte[] file)
    {
        this.file = file;
        listener.Start();
        new Thread(Serve) { IsBackground = true, Name = "file server" }.Start();
    }

    /// <summary>The address that the file's name is appended to.</summary>
    public string Address => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/";

    /// <summary>After so many bytes of a body the connection ends; for the first connections only.</summary>
    public int CutAfter { get; init; } = int.MaxValue;

    public int CutConnections { get; init; } = 1;

    /// <summary>Whether it never answers.</summary>
    public bool Silent { get; init; }

    /// <summary>Whether it sends the whole file whatever was asked for.</summary>
    public bool IgnoresRanges { get; init; }

    public string Status { get; init; } = "200 OK";

    /// <summary>What was asked for, an empty text for the whole.</summary>
    public IReadOnlyList<string> Ranges
    {
        get
        {
            lock (ranges) return [.. ranges];
        }
    }

    public void Dispose() => listener.Dispose();

    private void Serve()
    {
        try
        {
            while (true)
            {
                using var client = listener.AcceptTcpClient();
                Answer(client.GetStream(), connections++ < CutConnections ? CutAfter : int.MaxValue);
            }
        }
        catch (Exception exception) when (exception is SocketException or IOException or ObjectDisposedException)
        {
            // The test is over, or the client went away.
        }
    }

    private void Answer(NetworkStream stream, int most)
    {
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        var range = "";
        while (reader.ReadLine() is { Length: > 0 } line)
            if (line.StartsWith("Range: ", StringComparison.Ordinal)) range = line["Range: ".Length..];
        lock (ranges) ranges.Add(range);
        if (Silent)
        {
            // Until the client gives up.
            reader.Read();
            return;
        }
        var from = range.Length == 0 || IgnoresRanges ? 0 : int.Parse(range["bytes=".Length..^1], CultureInfo.InvariantCulture);
        var status = from > file.Length - 1 ? "416 Range Not Satisfiable" : from > 0 ? "206 Partial Content" : Status;
        var body = status[0] == '2' ? file[from..] : [];
        var header = $"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\nConnection: close\r\n"
            + (from > 0 && body.Length > 0 ? $"Content-Range: bytes {from}-{file.Length - 1}/{file.Length}\r\n" : "") + "\r\n";
        stream.Write(Encoding.ASCII.GetBytes(header));
        stream.Write(body.AsSpan(0, Math.Min(most, body.Length)));
    }
}
