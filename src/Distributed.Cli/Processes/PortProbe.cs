using System.Net;
using System.Net.Sockets;
using Distributed.Learning;

namespace Distributed.Cli.Processes;

/// <summary>Tries a port before anything is started on it, so that a busy one is one clear line and no failure deep in the cluster.</summary>
internal static class PortProbe
{
    /// <summary>Binds and releases the port. Port 0 (any free one) always passes.</summary>
    /// <exception cref="BadInputException">The port is taken, may not be used, or the address is none of this machine.</exception>
    public static void Check(string host, int port)
    {
        var address = Resolve(host);
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(1);
        }
        catch (SocketException exception)
        {
            throw new BadInputException(
                exception.SocketErrorCode switch
                {
                    SocketError.AddressAlreadyInUse => $"port {port} on {host} is in use",
                    SocketError.AccessDenied => $"port {port} on {host} may not be used by this account",
                    SocketError.AddressNotAvailable => $"--host {host}: no network interface of this machine has that address",
                    _ => $"port {port} on {host} can't be opened: {exception.Message}",
                },
                exception);
        }
    }

    private static IPAddress Resolve(string host)
    {
        if (IPAddress.TryParse(host, out var address)) return address;
        try
        {
            var found = Dns.GetHostAddresses(host);
            // IPv4 first, as the cluster's transport does.
            return found.FirstOrDefault(candidate => candidate.AddressFamily == AddressFamily.InterNetwork) ?? found[0];
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException or IndexOutOfRangeException)
        {
            throw new BadInputException($"--host {host}: expected an address or name of this machine, but the name is unknown", exception);
        }
    }
}
