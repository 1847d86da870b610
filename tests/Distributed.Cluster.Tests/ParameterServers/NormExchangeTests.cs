using System.Net;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Workers;
using Distributed.Learning;
using Distributed.Transport;
using TorchSharp;

namespace Distributed.Cluster.Tests.ParameterServers;

/// <summary>Shards of several servers that need each other's norms, over real links.</summary>
public sealed class NormExchangeTests
{
    private const int Steps = 12;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // 100 · 61 + 61 + 61 · 40 + 40 floats: nine pages, and tensors that lie across the cuts.
    private static readonly Job Job = Job.Parse("norms.hocon", """
        model { input = [100], layers = [ { type = linear, out = 61 }, relu, { type = linear, out = 40 } ] }
        data { format = random }
        optimizer { type = lamb, learning-rate = 0.01, clip-norm = 0.5, schedule { type = cosine, warmup = 3 steps } }
        epochs = 1
        batch = 8
        """, new JobOverrides());

    private static readonly ParameterLayout Layout = MakeLayout();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Shards_of_two_servers_step_to_the_bits_of_one_shard(bool linkedFirst)
    {
        var whole = new float[Layout.Length];
        foreach (var end in Start(new Part([0, Layout.Length], whole), null)) end();

        var cut = new float[Layout.Length];
        using var one = new Server("server-1", [0, 1]);
        using var two = new Server("server-2", [2, 3, 4]);
        if (linkedFirst) two.Dial(one);
        var first = Start(new Part([0, 1024, 3072], cut), one.Exchange);
        // Now the shards of the first server may have given what nobody else could take: a link brings it along.
        if (!linkedFirst) two.Dial(one);
        var second = Start(new Part([3072, 4096, 7168, Layout.Length], cut, FirstShard: 2), two.Exchange);
        foreach (var end in first.Concat(second)) end();

        Assert.Equal(whole, cut);
    }

    /// <summary>As links from workers on the same host do it: one shard is updated on the link's thread, the other is woken.</summary>
    [Fact]
    public unsafe void A_link_that_updates_a_shard_itself_waits_for_the_norms_of_one_that_it_woke()
    {
        var whole = new float[Layout.Length];
        foreach (var end in Start(new Part([0, Layout.Length], whole), null)) end();

        using var server = new Server("server-1", [0, 1]);
        var bytes = Layout.Length * sizeof(float);
        using var even = new PrivateMemory(bytes);
        using var odd = new PrivateMemory(bytes);
        // The second slot's gradient is zero.
        using var gradient = new PrivateMemory(bytes);
        using var zero = new PrivateMemory(bytes);
        for (var i = 0L; i < Layout.Length; i++) ((float*)even.Pointer)[i] = MathF.Sin(i);
        var rates = Job.LearningRates(100);
        var failures = new List<Exception>();
        using var first = Make(0, 0, 3072);
        using var second = Make(1, 3072, Layout.Length - 3072);
        Shard[] shards = [first, second];
        for (var version = 0L; version < Steps; version++)
        {
            for (var i = 0L; i < Layout.Length; i++) ((float*)gradient.Pointer)[i] = MathF.Cos(i * (version + 1));
            Bring(version, 0, gradient);
            Bring(version, 1, zero);
            Assert.True(SpinWait.SpinUntil(() => failures.Count > 0 || shards.All(shard => shard.Version == version + 1), Patience), $"version {version + 1}");
            Assert.Empty(failures);
        }
        Assert.Equal(whole, new ReadOnlySpan<float>((Steps & 1) == 0 ? even.Pointer : odd.Pointer, whole.Length).ToArray());

        Shard Make(int number, long offset, long length)
        {
            var shard = new Shard(
                new ShardRange(number, 0, offset, length), offset * sizeof(float), 2, 0, 1, new ShardOptimizer(Job.Optimizer, Layout, offset, length),
                ShardStatistics.None, rates.At, server.Exchange, new ShardWeights(default, length, even.Pointer + offset * sizeof(float), odd.Pointer + offset * sizeof(float)), (_, _) => { }, failures.Add);
            shard.Start();
            return shard;
        }

        void Bring(long version, int slot, PrivateMemory memory)
        {
            Shard? mine = null;
            foreach (var shard in shards)
            {
                shard.Offer(1, version, new SlotRange(slot, 1), memory.Pointer + shard.FirstByte, out var complete);
                if (!complete) continue;
                if (mine is null) mine = shard;
                else shard.WakeUp();
            }
            mine?.Update();
        }
    }

    [Fact]
    public void A_shard_that_does_not_come_is_named()
    {
        using var server = new Server("server-1", [0], TimeSpan.FromMilliseconds(100));
        server.Exchange.Expect(new TrainingMessages.Connect(
            Guid.Empty, [], [new("server-1", "", 0, "", ""), new("server-2", "", 0, "", "")], [new(0, 0, 0, 1024), new(1, 1, 1024, 1024)]));
        var error = Assert.Throws<TimeoutException>(() => server.Exchange.Of(0, 0).Complete(new double[Server.Blocks.Count], 1, 0, 1));
        Assert.Equal("waited 0 s for the norms of version 0 of shard 1 (server-2)", error.Message);
    }

    [Fact]
    public void A_stopped_shard_waits_no_longer()
    {
        using var server = new Server("server-1", [0]);
        server.Exchange.Close();
        Assert.Throws<OperationCanceledException>(() => server.Exchange.Of(0, 0).Complete(new double[Server.Blocks.Count], 1, 0, 1));
    }

    [Fact]
    public void Only_jobs_whose_optimizer_needs_norms_exchange_them() => Assert.Equal(2, Job.Optimizer.NormExchanges);

    private sealed record Part(long[] Cuts, float[] Result, int FirstShard = 0);

    // A thread a shard; each of the returned actions waits for one of them and passes its failure on.
    private static Action[] Start(Part part, NormExchange? exchange) => [.. Enumerable.Range(0, part.Cuts.Length - 1).Select(i =>
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Train(part.Result, part.Cuts[i], part.Cuts[i + 1] - part.Cuts[i], version => exchange?.Of(part.FirstShard + i, version));
            }
            catch (Exception exception)
            {
                // Passed on to the test's own thread.
                failure = exception;
            }
        });
        thread.Start();
        return (Action)(() =>
        {
            Assert.True(thread.Join(Patience), "a shard still waits");
            if (failure is not null) throw new InvalidOperationException("a shard failed", failure);
        });
    })];

    private static unsafe void Train(float[] result, long from, long count, Func<long, INormExchange?> exchange)
    {
        using var weights = new PrivateMemory(count * sizeof(float));
        using var gradient = new PrivateMemory(count * sizeof(float));
        using var optimizer = new ShardOptimizer(Job.Optimizer, Layout, from, count);
        var rates = Job.LearningRates(100);
        var w = (float*)weights.Pointer;
        var g = (float*)gradient.Pointer;
        for (var i = 0L; i < count; i++) w[i] = MathF.Sin(from + i);
        for (var version = 0; version < Steps; version++)
        {
            for (var i = 0L; i < count; i++) g[i] = MathF.Cos((from + i) * (version + 1));
            optimizer.Step((nint)w, (nint)w, (nint)g, rates.At(version), exchange(version));
        }
        new ReadOnlySpan<float>(w, (int)count).CopyTo(result.AsSpan((int)from));
    }

    private static ParameterLayout MakeLayout()
    {
        torch.set_num_threads(1);
        using var module = Job.Model.Build();
        return ParameterLayout.Of(module);
    }

    /// <summary>One server's exchange and the links to it.</summary>
    private sealed class Server : IDisposable
    {
        public static readonly NormBlocks Blocks = new(Layout);

        private static readonly byte[] Secret = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
        private static readonly Guid Id = Guid.Parse("11111111-2222-3333-4444-555555555555");

        private readonly List<PeerLink> links = [];
        private readonly LinkListener listener;
        private readonly LinkIdentity me;

        public Server(string name, int[] shards, TimeSpan? patience = null)
        {
            me = new LinkIdentity(Id, Layout.Hash, name, "server");
            Exchange = new NormExchange(
                Blocks, Job.Optimizer.NormExchanges, 0, new StepTimes(patience ?? Patience, 20), name,
                shards.Select(shard => new TrainingMessages.ShardDescription(shard, 0, 0, 1)));
            listener = new LinkListener(name, IPAddress.Loopback, 0, Add, _ => { });
            listener.Register(new LinkExpectation(me, Secret));
        }

        public NormExchange Exchange { get; }

        public void Dial(Server other) => Add(LinkDialer.Connect(other.listener.Endpoint, me, Secret, null, SameHost.Tcp, Patience));

        public void Dispose()
        {
            Exchange.Close();
            listener.Dispose();
            lock (links)
                foreach (var link in links) link.Dispose();
            Exchange.Dispose();
        }

        private void Add(Link link)
        {
            var peer = new PeerLink(link, new Dictionary<int, Shard>(), (_, _) => { }, null, Exchange, new ReceivedGradients(0), (_, _) => { });
            lock (links) links.Add(peer);
            Exchange.Join(peer);
            peer.Start();
        }
    }
}
