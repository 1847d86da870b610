namespace Distributed.EndToEnd.Tests;

/// <summary>Nodes that are told to end while another member of their cluster can't be reached, and nobody has decided about that one yet.</summary>
public sealed class LeavingTests : IDisposable
{
    /// <summary>Unreachable soon, and given up only long after the test.</summary>
    private const string Undecided = """
        akka.cluster.failure-detector { heartbeat-interval = 500ms, acceptable-heartbeat-pause = 4s }
        akka.cluster.split-brain-resolver.stable-after = 10m
        """;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Nodes_that_are_told_to_end_do_so_in_order_while_another_does_not_answer()
    {
        using var cluster = new TestCluster(folder, Undecided);
        await cluster.FoundAsync("coordinator-1");
        var (head, server, lost) = (cluster["coordinator-1"], cluster.Start("server-1"), cluster.Start("worker-1"));
        await head.UntilAsync(() => head.Output.Split("\"Up\"").Length > 3, "all to be members");
        lost.Signal(TrainerProcess.Stop);
        await head.UntilItPrintsAsync("UNREACHABLE");
        await server.UntilItPrintsAsync("UNREACHABLE");

        foreach (var node in (TrainerProcess[])[server, head])
        {
            node.Signal(TrainerProcess.Terminate);
            var ended = await node.EndAsync(TrainerProcess.Patience);
            Assert.True(ended.Code == 0, $"exit code {ended.Code}: {ended.Error} {ended.Output}");
            Assert.Empty(ended.Error);
            // Akka gives up waiting for the others to let it go.
            Assert.DoesNotContain("[cluster-exiting] timed out", ended.Output, StringComparison.Ordinal);
        }
    }
}
