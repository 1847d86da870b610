using Distributed.Cluster.Jobs;

namespace Distributed.Cluster.Launching;

/// <summary>The child processes of one run on this machine: none of them is left when this is disposed, or when this process dies.</summary>
internal sealed class LocalNodes(OwnProgram program, int workers, int threads) : IAsyncDisposable
{
    /// <summary>How long a child that is told to end may take before it is killed; it ends at once unless the machine is overloaded.</summary>
    public static readonly TimeSpan LeaveBound = TimeSpan.FromSeconds(3);

    private readonly Lock gate = new();
    private readonly List<NodeProcess> nodes = [];
    private readonly Dictionary<string, string[]> commands = [];
    private readonly List<NodeExit> lost = [];
    private readonly CoreReservation cores = CoreReservation.Of(workers * threads);
    private bool closed;

    /// <summary>Called, on any thread, when a child ended that was not asked to.</summary>
    public event Action<NodeExit>? Lost;

    /// <summary>Children that ended without being asked to, in the order of their ends.</summary>
    public IReadOnlyList<NodeExit> LostNodes
    {
        get
        {
            lock (gate) return [.. lost];
        }
    }

    /// <summary>The children that were started.</summary>
    public IReadOnlyList<NodeProcess> Nodes
    {
        get
        {
            lock (gate) return [.. nodes];
        }
    }

    /// <summary>Starts the nodes of a job: its servers and its workers, each worker on cores of its own where the machine has enough.</summary>
    /// <param name="job">What says how many.</param>
    /// <param name="seed">The coordinator's address.</param>
    /// <param name="arguments">What all are told besides.</param>
    public void StartFor(Job job, string seed, params string[] arguments)
    {
        for (var number = 1; number <= job.Servers; number++) Start($"server-{number}", ["--role", "server", "--seed", seed, .. arguments]);
        for (var number = 1; number <= job.Workers; number++)
        {
            var own = cores.Of(number - 1, threads);
            string[] kept = own.Count > 0 ? ["--cores", string.Join(',', own)] : [];
            Start($"worker-{number}", ["--role", "worker", "--seed", seed, .. kept, .. arguments]);
        }
    }

    /// <summary>Starts one child.</summary>
    /// <exception cref="OperationCanceledException">The children are being ended already.</exception>
    public NodeProcess Start(string name, IEnumerable<string> arguments)
    {
        NodeProcess node;
        lock (gate)
        {
            // Under the lock: a signal's thread that kills all children must not miss one that is being born.
            if (closed) throw new OperationCanceledException($"{name} was not started: the run is ending");
            commands[name] = [.. arguments];
            node = NodeProcess.Start(program, name, commands[name], threads);
            nodes.Add(node);
        }

        _ = WatchAsync(node);
        return node;
    }

    /// <summary>Starts a child that has ended once more, with what it was told before; nothing when the children are being ended.</summary>
    public void StartAgain(string name)
    {
        try
        {
            Start(name, commands[name]);
        }
        catch (OperationCanceledException)
        {
            // The run is ending.
        }
    }

    /// <summary>Whether a child of a role runs.</summary>
    public bool Lives(string role)
    {
        lock (gate) return nodes.Exists(node => node.Name.StartsWith(role + "-", StringComparison.Ordinal) && !node.Exited.IsCompleted);
    }

    /// <summary>Ends all children at once and starts no more.</summary>
    public void KillAll()
    {
        lock (gate)
        {
            closed = true;
            foreach (var node in nodes) node.Kill();
        }
    }

    /// <summary>Asks all children to end, waits a bounded time, and kills those that are left.</summary>
    public async Task StopAsync()
    {
        NodeProcess[] all;
        lock (gate)
        {
            closed = true;
            all = [.. nodes];
        }

        await Task.WhenAll(all.Select(node => node.StopAsync(LeaveBound)));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        lock (gate) foreach (var node in nodes) node.Dispose();
        cores.Dispose();
    }

    private async Task WatchAsync(NodeProcess node)
    {
        var exit = await node.Exited;
        if (node.Asked) return;
        lock (gate) lost.Add(exit);
        Lost?.Invoke(exit);
    }
}
