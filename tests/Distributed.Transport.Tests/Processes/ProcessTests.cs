using System.Diagnostics;

namespace Distributed.Transport.Tests;

public sealed unsafe class ProcessTests
{
    [Fact]
    public void A_killed_peer_ends_its_link_leaves_its_memory_readable_and_nothing_behind()
    {
        HashSet<string> before = Leftovers();
        using Party party = new();
        using Process peer = Start(party.Listener.Endpoint);
        using Link link = Party.Next(party.Accepted);
        string[] said = peer.StandardOutput.ReadLine()!.Split(' ');
        Assert.Equal(LinkKind.SharedMemory, link.Kind);
        Assert.True(link.Receive(out FrameHeader header));
        Assert.Equal(FrameKind.Gradient, header.Kind);
        Assert.Contains(said[1], File.ReadAllText("/proc/net/unix"));
        using Started<bool> waiting = new(() => link.Receive(out _));
        waiting.UntilBlocked();

        peer.Kill();
        Stopwatch since = Stopwatch.StartNew();

        Assert.False(waiting.Result());
        Assert.True(since.Elapsed < TimeSpan.FromSeconds(5), $"The death was noticed after {since.Elapsed}.");
        peer.WaitForExit();
        Assert.Equal(77, link.PeerSegment!.Pointer[0]);
        Assert.DoesNotContain(said[1], File.ReadAllText("/proc/net/unix"));

        // Other processes of the machine come and go meanwhile. What the runtime itself keeps in /tmp has the id and a dash in its name.
        Assert.DoesNotContain(Leftovers(), path =>
            !before.Contains(path) && path.Contains($"{peer.Id}", StringComparison.Ordinal) && !path.Contains($"{peer.Id}-", StringComparison.Ordinal));
    }

    internal static Process Start(DataEndpoint server)
    {
        string program = typeof(PeerProgram).Assembly.Location;
        string[] arguments = ["exec", program, server.Host, $"{server.Port}", server.UnixName];
        return Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
    }

    private static HashSet<string> Leftovers() =>
        [.. Directory.EnumerateFileSystemEntries("/dev/shm"), .. Directory.EnumerateFileSystemEntries("/tmp", "*distributed*")];
}
