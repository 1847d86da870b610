using Akka.Configuration;
using Akka.Dispatch;

namespace Distributed.Cluster.Nodes;

/// <summary>
/// What a dispatcher runs on where <c>cluster.hocon</c> names it as <c>executor</c>: a fixed number of threads (<c>threads</c>) of its own that
/// sleep until there is work. Akka's fork-join executor has threads of its own, too, but each looks for more work a hundred times before it sleeps,
/// and gives up its core each time in between: on a machine whose cores all compute, the idle threads of some nodes take turns with the
/// computing ones, thousands of times a second.
/// </summary>
internal sealed class OwnThreads : ExecutorServiceConfigurator
{
    private readonly int threads;

    /// <summary>Called by Akka.</summary>
    /// <exception cref="ConfigurationException"><c>threads</c> is missing or not above 0.</exception>
    public OwnThreads(Config config, IDispatcherPrerequisites prerequisites)
        : base(config, prerequisites)
    {
        threads = config.GetInt("threads");
        if (threads < 1)
            throw new ConfigurationException($"{config.GetString("id")}: expected threads above 0");
    }

    /// <inheritdoc/>
    public override ExecutorService Produce(string id) => new Executor(id, threads);

    private sealed class Executor : ExecutorService
    {
        private readonly object gate = new();
        private readonly Queue<IRunnable> work = new();
        private bool ended;

        public Executor(string id, int threads)
            : base(id)
        {
            for (var i = 1; i <= threads; i++)
                new Thread(Run) { Name = $"{id}-{i}", IsBackground = true }.Start();
        }

        public override void Execute(IRunnable run)
        {
            lock (gate)
            {
                if (ended)
                    throw new RejectedExecutionException($"{Id} has ended");
                work.Enqueue(run);
                Monitor.Pulse(gate);
            }
        }

        /// <summary>Takes no more work; what there is gets done.</summary>
        public override void Shutdown()
        {
            lock (gate)
            {
                ended = true;
                Monitor.PulseAll(gate);
            }
        }

        private void Run()
        {
            while (Next() is { } run)
                run.Run();
        }

        private IRunnable? Next()
        {
            lock (gate)
            {
                while (work.Count == 0)
                {
                    if (ended)
                        return null;
                    Monitor.Wait(gate);
                }

                return work.Dequeue();
            }
        }
    }
}
