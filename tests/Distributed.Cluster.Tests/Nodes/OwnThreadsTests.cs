using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Distributed.Cluster.Configuration;
using Distributed.Cluster.Nodes;

namespace Distributed.Cluster.Tests.Nodes;

public class OwnThreadsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void Work_is_done_on_so_many_threads_of_its_name()
    {
        var executor = Of(3).Produce("own");
        var names = new ConcurrentDictionary<string, bool>();
        using var all = new Barrier(3);
        using var done = new CountdownEvent(3);
        for (var i = 0; i < 3; i++)
            executor.Execute(new Work(() =>
            {
                // None is done before all have begun: each has a thread.
                Assert.True(all.SignalAndWait(Patience));
                names[Thread.CurrentThread.Name!] = true;
                done.Signal();
            }));
        Assert.True(done.Wait(Patience));
        Assert.Equal(["own-1", "own-2", "own-3"], names.Keys.Order());
        executor.Shutdown();
    }

    [Fact]
    public void What_was_asked_for_before_the_end_is_done_and_nothing_after_it()
    {
        var executor = Of(1).Produce("own");
        using var begun = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        using var done = new CountdownEvent(100);
        Thread? thread = null;
        executor.Execute(new Work(() =>
        {
            thread = Thread.CurrentThread;
            begun.Set();
            Assert.True(go.Wait(Patience));
        }));
        Assert.True(begun.Wait(Patience));
        for (var i = 0; i < 100; i++)
            executor.Execute(new Work(() => done.Signal()));
        executor.Shutdown();
        Assert.Throws<RejectedExecutionException>(() => executor.Execute(new Work(() => { })));
        go.Set();
        Assert.True(done.Wait(Patience));
        Assert.True(thread!.Join(Patience));
    }

    [Fact]
    public void Without_a_number_of_threads_it_says_so()
    {
        Assert.Contains("threads", Assert.Throws<ConfigurationException>(() => Of(0)).Message);
        Assert.ThrowsAny<Exception>(() => new OwnThreads(Akka.Configuration.Config.Empty, null!));
    }

    [Fact]
    public async Task The_shipped_dispatchers_run_on_it()
    {
        var shipped = ConfigurationFactory.ParseString(File.ReadAllText(ClusterConfig.ShippedFile));
        using var system = ActorSystem.Create("own", ConfigurationFactory.ParseString("akka.actor.provider = local").WithFallback(shipped));
        var actor = system.ActorOf(Props.Create(() => new Namer()));
        Assert.StartsWith("akka.actor.default-dispatcher-", await actor.Ask<string>("who", Patience));
    }

    private static OwnThreads Of(int threads) => new(ConfigurationFactory.ParseString($"threads = {threads}, id = own"), null!);

    private sealed class Work(Action body) : IRunnable
    {
        public void Run() => body();

        public void Execute() => body();
    }

    private sealed class Namer : ReceiveActor
    {
        public Namer() => ReceiveAny(_ => Sender.Tell(Thread.CurrentThread.Name!));
    }
}
