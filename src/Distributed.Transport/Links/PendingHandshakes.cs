using System.Net.Sockets;

namespace Distributed.Transport;

/// <summary>
/// Connections whose handshake is under way, a bounded number. When all places are taken, the oldest connection of the address that
/// holds most of them gives way: whoever opens many connections and says nothing only shuts itself out, since a good handshake is
/// done in milliseconds.
/// </summary>
/// <param name="most">How many may be under way.</param>
internal sealed class PendingHandshakes(int most)
{
    /// <summary>What a connection that had to make room is told of.</summary>
    internal const string GaveWay = "its handshake was the oldest of too many from its address";

    // Until the thread of a connection that gave way has ended it still counts, so that threads are bounded, too.
    private const int MostLeaving = 64;

    private readonly Lock _gate = new();
    private readonly LinkedList<Pending> _oldestFirst = [];
    private readonly HashSet<Socket> _leaving = [];
    private bool _closed;

    private readonly record struct Pending(Socket Socket, string Address);

    /// <summary>Handshakes under way, those that give way included.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _oldestFirst.Count + _leaving.Count;
            }
        }
    }

    /// <summary>Takes a connection in; false where there is no room even so.</summary>
    internal bool TryAdd(Socket socket, string address)
    {
        lock (_gate)
        {
            if (_closed || (_oldestFirst.Count >= most && !MakeRoom(address)))
            {
                return false;
            }

            _oldestFirst.AddLast(new Pending(socket, address));
            return true;
        }
    }

    /// <summary>Whether a connection was ended to make room.</summary>
    internal bool HasGivenWay(Socket socket)
    {
        lock (_gate)
        {
            return _leaving.Contains(socket);
        }
    }

    /// <summary>The handshake is over, however it ended.</summary>
    internal void Remove(Socket socket)
    {
        lock (_gate)
        {
            if (_leaving.Remove(socket))
            {
                return;
            }

            for (LinkedListNode<Pending>? node = _oldestFirst.First; node is not null; node = node.Next)
            {
                if (node.Value.Socket == socket)
                {
                    _oldestFirst.Remove(node);
                    return;
                }
            }
        }
    }

    /// <summary>Ends all of them and takes no more.</summary>
    internal void EndAll()
    {
        lock (_gate)
        {
            _closed = true;
            foreach (Pending pending in _oldestFirst)
            {
                pending.Socket.Dispose();
            }
        }
    }

    private bool MakeRoom(string newcomer)
    {
        if (_leaving.Count >= MostLeaving)
        {
            return false;
        }

        string greediest = _oldestFirst.Select(pending => pending.Address).Append(newcomer).GroupBy(address => address).MaxBy(group => group.Count())!.Key;
        for (LinkedListNode<Pending>? node = _oldestFirst.First; node is not null; node = node.Next)
        {
            if (node.Value.Address == greediest)
            {
                _oldestFirst.Remove(node);
                _leaving.Add(node.Value.Socket);
                End(node.Value.Socket);
                return true;
            }
        }

        return false;
    }

    private static void End(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // It has ended by itself.
        }
    }
}
