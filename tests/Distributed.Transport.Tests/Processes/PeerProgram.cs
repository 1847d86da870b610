using System.Net;

namespace Distributed.Transport.Tests;

/// <summary>
/// The other process of a test: dials the listener that its arguments describe, shares a page of memory that starts with 77, sends
/// one header, says on standard output how it is linked and under which name its own listener's socket can be found, and waits.
/// </summary>
internal static unsafe class PeerProgram
{
    internal static void Main(string[] arguments)
    {
        DataEndpoint server = new(arguments[0], int.Parse(arguments[1]), arguments[2], DataEndpoint.ThisHost);
        using SharedSegment mine = SharedSegment.Create("peer", MemoryPages.Size);
        mine.Pointer[0] = 77;
        using LinkListener own = new("worker-2", IPAddress.Loopback, 0, _ => { }, _ => { });
        using Link link = LinkDialer.Connect(server, Party.Worker, Party.Secret, mine.Offer, SameHost.Auto, Party.Patience);
        link.Send(new FrameHeader { Kind = FrameKind.Gradient });
        Console.WriteLine($"{link.Kind} {own.Endpoint.UnixName} {link.TcpReason}");
        link.Receive(out _);
    }
}
