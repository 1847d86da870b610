using System.Collections.Concurrent;
using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;
using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cluster.Tests.ParameterServers;

/// <summary>
/// Two homes of a shard on one host, of which the second takes over what the first makes, beside a third that makes every update itself and is
/// what they are held against.
/// </summary>
public sealed class SecondHomeTests
{
    private const int Versions = 9;

    public static TheoryData<string> Rules => ["sgd", "momentum", "nesterov", "adam", "adamw"];

    [Theory, MemberData(nameof(Rules))]
    public void It_takes_over_every_update_without_making_it(string rule)
    {
        using var homes = new Homes(rule);
        for (var version = 0L; version < Versions; version++)
        {
            homes.Train(version, version + 1);
            homes.ExpectBits(homes.Second, version + 1);
            Assert.True(homes.SecondUsesFirsts(version + 1));
            // What this version was made of is there, too: a slot that is lost now may have to be computed again.
            homes.ExpectWeights(homes.Second, version);
        }
    }

    [Fact]
    public void It_announces_nothing_that_the_first_home_has_not_made()
    {
        using var homes = new Homes("momentum");
        homes.Offer(homes.Second, 0).Shard.WakeUp();
        Assert.False(homes.Second.Announced.TryTake(out _, TimeSpan.FromMilliseconds(200)));
        Assert.Equal(0, homes.Second.Shard.Version);
        homes.Complete(homes.First, 0);
        homes.Second.ExpectAnnounced(1);
        homes.ExpectBits(homes.Second, 1);
    }

    [Theory, MemberData(nameof(Rules))]
    public void Left_between_two_updates_it_goes_on_with_the_same_bits(string rule)
    {
        for (var last = 0L; last < 4; last++)
        {
            using var homes = new Homes(rule);
            homes.Train(0, last);

            homes.Second.Shard.Leave();
            homes.Scribble(last);
            homes.Scribble(last + 1);
            homes.ExpectBits(homes.Second, last);
            if (last > 0)
                homes.ExpectWeights(homes.Second, last - 1);
            for (var version = last; version < Versions; version++)
            {
                homes.Complete(homes.Second, version);
                homes.ExpectBits(homes.Second, version + 1);
            }
        }
    }

    [Theory, MemberData(nameof(Rules))]
    public void An_update_that_the_first_home_began_and_did_not_end_it_makes_itself(string rule)
    {
        for (var last = 0L; last < 4; last++)
        {
            using var homes = new Homes(rule);
            homes.Train(0, last);

            homes.Offer(homes.Second, last).Shard.WakeUp();
            // A part of the next version is written, and says nothing.
            homes.Scribble(last + 1);
            homes.Second.Shard.Leave();
            homes.Second.ExpectAnnounced(last + 1);
            homes.ExpectBits(homes.Second, last + 1);
            homes.Complete(homes.Second, last + 1);
            homes.ExpectBits(homes.Second, last + 2);
        }
    }

    [Theory, MemberData(nameof(Rules))]
    public void A_first_home_that_was_left_and_lives_changes_nothing(string rule)
    {
        using var homes = new Homes(rule);
        homes.Train(0, 1);
        homes.Offer(homes.First, 1);
        homes.Second.Shard.Leave();
        homes.First.Shard.Update();
        homes.ExpectWeights(homes.Second, 1);
        for (var version = 1L; version < Versions; version++)
            homes.Complete(homes.Second, version);
        homes.ExpectBits(homes.Second, Versions);
        Assert.Equal(2, homes.First.Shard.Version);
    }

    [Theory, MemberData(nameof(Rules))]
    public void It_may_begin_to_follow_at_any_version(string rule)
    {
        using var homes = new Homes(rule, follows: false);
        homes.Train(0, 3);

        Assert.False(homes.SecondUsesFirsts(3));
        homes.Follow();
        for (var version = 3L; version < Versions; version++)
        {
            homes.Train(version, version + 1);
            homes.ExpectBits(homes.Second, version + 1);
        }

        Assert.True(homes.SecondUsesFirsts(Versions));
    }

    [Fact]
    public async Task Left_while_it_waits_and_the_first_home_goes_on_it_ends_with_the_same_bits()
    {
        for (var round = 0; round < 60; round++)
        {
            using var homes = new Homes("momentum");
            homes.Train(0, 1);
            homes.Offer(homes.First, 1);
            homes.Offer(homes.Second, 1).Shard.WakeUp();
            var first = Task.Run(homes.First.Shard.Update);
            Thread.SpinWait(round * 400);
            homes.Second.Shard.Leave();
            homes.Second.ExpectAnnounced(2);
            await first.WaitAsync(Home.Patience);
            homes.ExpectBits(homes.Second, 2);
            homes.ExpectWeights(homes.Second, 1);
        }
    }

    [Fact]
    public async Task Its_end_does_not_wait_for_the_first_home()
    {
        using var homes = new Homes("momentum");
        homes.Offer(homes.Second, 0).Shard.WakeUp();
        await Task.Run(homes.Second.Shard.Dispose).WaitAsync(Home.Patience);
        Assert.Empty(homes.Second.Failures);
        Assert.Empty(homes.Second.Announced);
    }

    [Fact]
    public async Task Its_end_does_not_wait_for_a_first_home_that_it_began_to_follow_in_that_moment()
    {
        for (var round = 0; round < 60; round++)
        {
            using var homes = new Homes("momentum", follows: false);
            homes.Offer(homes.Second, 0);
            homes.Follow();
            var update = Task.Run(homes.Second.Shard.Update);
            Thread.SpinWait(round * 100);
            await Task.Run(homes.Second.Shard.Stop).WaitAsync(Home.Patience);
            await update.WaitAsync(Home.Patience);
            Assert.Empty(homes.Second.Failures);
        }
    }

    /// <summary>A first home whose memory is shared, its second one, and one more that has nothing to do with them.</summary>
    private sealed unsafe class Homes : IDisposable
    {
        private const int Slots = 3;
        private const int Floats = 4096 + 5;

        private readonly ServerSegment places;
        private readonly SharedSegment segment;
        private readonly FirstHome seen;
        private readonly PrivateMemory own;
        private readonly Home reference;

        public Homes(string rule, bool follows = true)
        {
            var spec = rule switch
            {
                "momentum" => new OptimizerSpec("sgd", 0.1) { Momentum = 0.9 },
                "nesterov" => new OptimizerSpec("sgd", 0.1) { Momentum = 0.9, Nesterov = true, WeightDecay = 0.01 },
                _ => new OptimizerSpec(rule, 0.1) { Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8 },
            };
            var stride = MemoryPages.RoundUp(Floats * sizeof(float));
            own = new PrivateMemory(4 * stride);
            places = new ServerSegment([new TrainingMessages.ShardDescription(0, 0, 0, Floats, Shared: true)], default, spec);
            segment = SharedSegment.Create("homes", places.BytesInAll);
            seen = new FirstHome(segment, places, 0);
            First = new Home(
                spec, Floats, Slots, new ShardWeights(default, Floats, segment.Pointer + places.PlaceOf(0), segment.Pointer + places.Bytes + places.PlaceOf(0)),
                new VersionWord(segment.Pointer + places.WholeOf(0)), seen.Moments);
            Second = new Home(spec, Floats, Slots, new ShardWeights(default, Floats, own.Pointer, own.Pointer + stride));
            reference = new Home(spec, Floats, Slots, new ShardWeights(default, Floats, own.Pointer + (2 * stride), own.Pointer + (3 * stride)));
            Second.Shard.Start();
            if (follows)
                Follow();
        }

        public Home First { get; }

        public Home Second { get; }

        public void Follow() => Second.Shard.Follow(seen);

        /// <summary>Brings all gradients of a version; the caller sees to the update.</summary>
        public Home Offer(Home home, long version)
        {
            while (reference.Shard.Version <= version)
            {
                reference.Offer(reference.Shard.Version);
                reference.Shard.Update();
            }

            home.Offer(version);
            return home;
        }

        public void Complete(Home home, long version)
        {
            Offer(home, version).Shard.Update();
            home.ExpectAnnounced(version + 1);
        }

        /// <summary>Both homes go from one version to another.</summary>
        public void Train(long from, long to)
        {
            for (var version = from; version < to; version++)
            {
                Complete(First, version);
                Complete(Second, version);
            }
        }

        public bool SecondUsesFirsts(long version) => Second.Shard.Weights.Master(version) == First.Shard.Weights.Master(version);

        /// <summary>Writes over what the first home has of a version, weights and moments.</summary>
        public void Scribble(long version)
        {
            Fill((version & 1) == 0 ? seen.Weights.Even : seen.Weights.Odd, Floats * sizeof(float));
            Fill(seen.Moments.After(version), places.MomentsOf(0).Odd - places.MomentsOf(0).Even);

            static void Fill(nint at, long bytes) => new Span<byte>((byte*)at, (int)bytes).Fill(0x7b);
        }

        /// <summary>Weights and optimizer state of a home at a version are those of the home that makes every update itself.</summary>
        public void ExpectBits(Home home, long version)
        {
            Assert.Equal(version, home.Shard.Version);
            Assert.Equal(version, reference.Shard.Version);
            using var kept = home.Shard.Keep(version)!;
            using var right = reference.Shard.Keep(version)!;
            Assert.True(new Span<byte>(right.Weights.Pointer, Floats * sizeof(float)).SequenceEqual(new Span<byte>(kept.Weights.Pointer, Floats * sizeof(float))));
            Assert.True(new Span<byte>(right.State.Pointer, (int)right.StateBytes).SequenceEqual(new Span<byte>(kept.State.Pointer, (int)kept.StateBytes)));
        }

        /// <summary>The weights of the version before the reference's are there, too.</summary>
        public void ExpectWeights(Home home, long version) =>
            Assert.True(new Span<float>(reference.Shard.Weights.Master(version), Floats).SequenceEqual(new Span<float>(home.Shard.Weights.Master(version), Floats)));

        public void Dispose()
        {
            First.Shard.Dispose();
            Second.Shard.Dispose();
            reference.Shard.Dispose();
            segment.Dispose();
            own.Dispose();
        }
    }

    private sealed unsafe class Home
    {
        public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

        private readonly int slots;
        private readonly int floats;
        private readonly List<float[]> gradients = [];

        public Home(OptimizerSpec spec, int floats, int slots, ShardWeights weights, VersionWord? whole = null, MomentBuffers? moments = null)
        {
            (this.floats, this.slots) = (floats, slots);
            for (var i = 0; i < floats; i++)
                weights.Master(0)[i] = Gradients.Of(5, 0, 0, i);
            var optimizer = new ShardOptimizer(spec, floats);
            if (moments is { } shared)
                optimizer.KeepMomentsIn(shared);
            Shard = new Shard(
                new ShardRange(0, 0, 0, floats), 0, slots, 0, 1, optimizer, ShardStatistics.None, version => 0.1 / (1 + version), null, weights,
                (_, version) => Announced.Add(version), Failures.Add, null, whole);
        }

        public Shard Shard { get; }

        public BlockingCollection<long> Announced { get; } = [];

        public ConcurrentBag<Exception> Failures { get; } = [];

        public void Offer(long version)
        {
            for (var slot = 0; slot < slots; slot++)
            {
                gradients.Add(Gradients.Piece(new(slot, 1), 7, version, floats));
                Shard.Offer(1, version, new(slot, 1), (byte*)Gradients.Address(gradients[^1]), out _);
            }
        }

        public void ExpectAnnounced(long version)
        {
            Assert.True(Announced.TryTake(out var announced, Patience), $"version {version} was not announced: {string.Join(", ", Failures)}");
            Assert.Equal(version, announced);
        }
    }
}
