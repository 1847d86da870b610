using System.Net.Sockets;

namespace Distributed.Transport.Tests;

public sealed class PendingHandshakesTests : IDisposable
{
    private readonly List<Socket> _sockets = [];

    public void Dispose() => _sockets.ForEach(socket => socket.Dispose());

    [Fact]
    public void The_address_with_the_most_handshakes_gives_way_its_oldest_first()
    {
        PendingHandshakes pending = new(4);
        Socket honest = Add(pending, "10.0.0.1");
        Socket[] greedy = [Add(pending, "10.0.0.9"), Add(pending, "10.0.0.9"), Add(pending, "10.0.0.9")];

        Add(pending, "10.0.0.9");
        Add(pending, "10.0.0.2");

        Assert.Equal([true, true, false], greedy.Select(pending.HasGivenWay));
        Assert.False(pending.HasGivenWay(honest));
    }

    [Fact]
    public void Those_that_give_way_count_until_they_are_gone()
    {
        PendingHandshakes pending = new(1);
        Socket[] sockets = [.. Enumerable.Range(0, 65).Select(_ => Add(pending, "10.0.0.9"))];
        Assert.Equal(65, pending.Count);
        Assert.False(pending.TryAdd(New(), "10.0.0.9"));

        pending.Remove(sockets[0]);

        Assert.True(pending.TryAdd(New(), "10.0.0.9"));
        Assert.Equal(65, pending.Count);
    }

    private Socket Add(PendingHandshakes pending, string address)
    {
        Socket socket = New();
        Assert.True(pending.TryAdd(socket, address));
        return socket;
    }

    private Socket New()
    {
        Socket socket = LinkSockets.Unix();
        _sockets.Add(socket);
        return socket;
    }
}
