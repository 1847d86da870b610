using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Serialization;
using Hyperion;

namespace Distributed.Cluster.Tests.Serialization;

public sealed class HyperionSerializerTests : IDisposable
{
    // The types of this test travel as those of a plug-in would: named in the configuration, exactly.
    private static readonly string Settings = "akka.actor.serialization-settings.hyperion.allowed-types = ["
        + string.Join(", ", new[] { typeof(Every), typeof(Every[]), typeof(Colour), typeof(Pair), typeof(Pair[]), typeof(Loose), typeof(Nest), typeof(Nest[]) }
            .Select(t => $"\"{t.AssemblyQualifiedName}\"")) + "]";

    private readonly ActorSystem _system = NodeSystem.Start(Settings);

    public void Dispose() => _system.Terminate().Wait(TimeSpan.FromSeconds(20));

    [Fact]
    public void Every_kind_of_field_comes_back()
    {
        var sent = Sample();
        var got = Assert.IsType<Every>(RoundTrip(sent));
        Assert.Equivalent(sent, got, strict: true);
        Assert.Equal(9, got.Later);
    }

    [Fact]
    public void Records_look_on_the_wire_as_Hyperion_itself_writes_them()
    {
        var types = ControlTypes.Of(typeof(HyperionSerializer).Assembly, [typeof(Every), typeof(Every[]), typeof(Colour), typeof(Pair), typeof(Pair[])]);
        var plain = new Serializer(new SerializerOptions(
            versionTolerance: true, preserveObjectReferences: false, surrogates: null, serializerFactories: [new UnlistedTypes(types), new BoundedArrays()],
            knownTypes: null, ignoreISerializable: true, packageNameOverrides: null, disallowUnsafeTypes: true, typeFilter: types));
        object[] messages =
        [
            Sample(), new LogEvent(DateTimeOffset.UtcNow, "worker-1", "worker", "info", "worker-joined", [new("slots", "0-1"), new("host", "")]),
            new JobMessages.Ended(Guid.NewGuid(), JobStatus.Failed, "why", "runs/a", null),
        ];
        foreach (var message in messages)
        {
            using var stream = new MemoryStream();
            plain.Serialize(message, stream);
            Assert.Equal(stream.ToArray(), Serializer().ToBinary(message));
            Assert.Equivalent(message, plain.Deserialize<object>(new BoundedPayload(stream.ToArray())), strict: true);
        }
    }

    [Fact]
    public void Nothing_where_a_number_must_be_is_refused()
    {
        var bytes = Serializer().ToBinary(new Pair(258, "x"));
        var number = bytes.AsSpan().IndexOf((byte[])[8, 2, 1, 0, 0]);
        Assert.True(number > 0);
        byte[] without = [.. bytes[..number], 0, .. bytes[(number + 5)..]];
        var refused = Assert.Throws<SerializationException>(() => _system.Serialization.Deserialize(without, Serializer().Identifier, ""));
        Assert.Contains("nothing comes where", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_control_message_of_the_program_comes_back_through_its_binding()
    {
        var sent = new LogEvent(DateTimeOffset.UtcNow, "worker-1", "worker", "info", "worker-joined", [new("slots", "0-1"), new("host", "")]);
        Assert.IsType<HyperionSerializer>(_system.Serialization.FindSerializerFor(sent));
        Assert.Equivalent(sent, RoundTrip(sent), strict: true);
    }

    [Fact]
    public async Task An_actor_reference_comes_back_alive()
    {
        var inbox = Inbox.Create(_system);
        var sent = new JobMessages.Submit("digits", "a = 1", null, inbox.Receiver);
        var got = Assert.IsType<JobMessages.Submit>(RoundTrip(sent));
        got.Submitter.Tell("hello");
        Assert.Equal("hello", await inbox.ReceiveAsync(TimeSpan.FromSeconds(10)));
        Assert.Null(got.OutFolder);
        Assert.Same(ActorRefs.Nobody, Assert.IsType<JobMessages.Submit>(RoundTrip(sent with { Submitter = ActorRefs.Nobody })).Submitter);
    }

    [Fact]
    public void Every_control_message_of_the_program_can_travel()
    {
        var serializer = Serializer();
        var messages = typeof(IControlMessage).Assembly.GetTypes().Where(t => t.IsAssignableTo(typeof(IControlMessage)) && !t.IsAbstract);
        Assert.All(messages, m => Assert.Contains(m, serializer.AllowedTypes));
        Assert.Contains(typeof(JobStatus), serializer.AllowedTypes);
        Assert.Contains(typeof(WorkerProgress[]), serializer.AllowedTypes);
        Assert.DoesNotContain(typeof(object), serializer.AllowedTypes);
        Assert.DoesNotContain(serializer.AllowedTypes, t => t.IsAssignableTo(typeof(Exception)) || t.IsAssignableTo(typeof(Delegate)));
    }

    [Fact]
    public void A_type_outside_the_list_is_not_written()
    {
        var refusal = Assert.Throws<SerializationException>(() => Serializer().ToBinary(new Outsider()));
        Assert.Contains($"refuses the type '{typeof(Outsider).FullName}'", refusal.Message);
    }

    [Fact]
    public void A_type_outside_the_list_is_not_written_inside_a_listed_one_either()
    {
        var refusal = Assert.Throws<SerializationException>(() => Serializer().ToBinary(new Loose(new Outsider())));
        Assert.Contains($"refuses the type '{typeof(Outsider).FullName}'", refusal.Message);
        Assert.Throws<SerializationException>(() => Serializer().ToBinary(new Loose(new InvalidOperationException())));
        Assert.Throws<SerializationException>(() => Serializer().ToBinary(new Loose(new Action(() => { }))));
    }

    [Fact]
    public void A_hostile_payload_is_refused_before_its_object_exists()
    {
        // A peer without any filter can write what it likes, here an object that acts when it is turned back from its surrogate.
        var hostile = new Serializer(new SerializerOptions(false, false, null, null, null, true, null, false, DisabledTypeFilter.Instance));
        foreach (var payload in new object[] { new Outsider(), new Trap(), new Loose(new Trap()), new InvalidOperationException(), new[] { new Outsider() } })
        {
            using var stream = new MemoryStream();
            hostile.Serialize(payload, stream);
            Trap.Sprung = 0;
            var refusal = Assert.Throws<SerializationException>(() => Serializer().FromBinary(stream.ToArray(), typeof(object)));
            Assert.Contains("The control serializer refuses the type '", refusal.Message);
            Assert.Equal(0, Trap.Sprung);
        }
        // The same bytes do spring the trap where no list stands before it.
        using var bytes = new MemoryStream();
        hostile.Serialize(new Trap(), bytes);
        bytes.Position = 0;
        new Serializer(new SerializerOptions(false, false, [Surrogate.Create<Akka.Util.ISurrogated, Akka.Util.ISurrogate>(s => s.ToSurrogate(_system), s => s.FromSurrogate(_system))],
            null, null, true, null, false, DisabledTypeFilter.Instance)).Deserialize<object>(bytes);
        Assert.Equal(1, Trap.Sprung);
    }

    [Fact]
    public void Bytes_that_are_no_message_are_refused()
    {
        var good = Serializer().ToBinary(new Pair(1, "x"));
        for (var length = 0; length < good.Length; length++)
            Assert.Throws<SerializationException>(() => Serializer().FromBinary(good[..length], typeof(object)));
        var random = new Random(1);
        for (var i = 0; i < 200; i++)
        {
            var bytes = new byte[random.Next(1, 40)];
            random.NextBytes(bytes);
            Assert.Null(Record.Exception(() => Serializer().FromBinary(bytes, typeof(object))) is { } e and not SerializationException ? e : null);
        }
    }

    [Fact]
    public void An_array_of_byte_arrays_takes_no_memory_for_the_lengths_that_it_names()
    {
        // Three elements, the first of 100,860,417 bytes, says what follows.
        byte[] bytes = [252, 9, 3, 0, 0, 0, 1, 2, 3, 6, 1];
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<SerializationException>(() => Serializer().FromBinary(bytes, typeof(object)));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    [Fact]
    public void A_payload_that_nests_without_end_does_not_end_the_process()
    {
        // Each level: "a Nest[] of length 1", whose element is again a Nest[].
        using var one = new MemoryStream();
        var plain = new Serializer(new SerializerOptions(false, false, null, null, null, true, null, false, DisabledTypeFilter.Instance));
        plain.Serialize(new[] { new Nest(null) }, one);
        var first = one.ToArray();
        var manifest = first.AsSpan(0, 5 + BitConverter.ToInt32(first, 1)).ToArray();
        byte[] again = [254, 0, 0, 1, 0, 0, 0];
        var bytes = manifest.Concat(new byte[] { 1, 0, 0, 0 }).Concat(Enumerable.Repeat(again, 200_000).SelectMany(b => b)).ToArray();
        Assert.Throws<SerializationException>(() => Serializer().FromBinary(bytes, typeof(object)));
    }

    [Fact]
    public void An_unbound_type_throws()
    {
        var refusal = Assert.Throws<SerializationException>(() => _system.Serialization.FindSerializerFor(new Outsider()));
        Assert.Contains(nameof(Outsider), refusal.Message);
    }

    [Fact]
    public async Task Messages_between_actors_of_one_node_travel_too_when_asked_to()
    {
        // Without a cluster: Akka's own sends itself messages that have no binding.
        var system = NodeSystem.Start("akka.actor.serialize-messages = on\nakka.actor.provider = remote");
        var echo = system.ActorOf(Props.Create(() => new Echo()));
        var sent = new LogEvent(DateTimeOffset.UnixEpoch, "n", "r", "info", "e", [new("a", "b")]);
        var got = await echo.Ask<LogEvent>(sent, TimeSpan.FromSeconds(30));
        Assert.NotSame(sent, got);
        Assert.Equivalent(sent, got, strict: true);
        await system.Terminate();
    }

    [Fact]
    public void Unsafe_types_cannot_be_switched_on()
    {
        var settings = ConfigurationFactory.ParseString("disallow-unsafe-type = off");
        Assert.Contains("cannot be turned off", Assert.Throws<ConfigurationException>(() => new HyperionSerializer((ExtendedActorSystem)_system, settings)).Message);
    }

    [Fact]
    public void A_listed_type_that_does_not_exist_is_named()
    {
        var settings = ConfigurationFactory.ParseString("allowed-types = [\"No.Such, Thing\"]");
        Assert.Contains("'No.Such, Thing'", Assert.Throws<ConfigurationException>(() => new HyperionSerializer((ExtendedActorSystem)_system, settings)).Message);
    }

    [Fact]
    public void A_message_that_could_carry_anything_is_refused_at_the_start()
    {
        var refusal = Assert.Throws<ConfigurationException>(() => ControlTypes.Of(typeof(CarriesAnything).Assembly, []));
        Assert.StartsWith($"{typeof(CarriesAnything).FullName}.Load is of type System.Object, which a control message cannot carry", refusal.Message);
    }

    private static Every Sample() => new(
        -1, 1L << 60, 1.5, "ü\n", null, Guid.NewGuid(), new DateTimeOffset(2026, 1, 2, 3, 4, 5, 6, TimeSpan.FromHours(2)), TimeSpan.FromTicks(7),
        Colour.Green, null, Colour.Red, 2.5, null, [1, 2], ["a", "", "b"], [0, 255], [new Pair(1, "x"), new Pair(2, null)], new Pair(3, "y"), [])
    { Later = 9 };

    private HyperionSerializer Serializer() =>
        (HyperionSerializer)_system.Serialization.FindSerializerForType(typeof(IControlMessage));

    private object RoundTrip(object message)
    {
        var serializer = Serializer();
        return _system.Serialization.Deserialize(serializer.ToBinary(message), serializer.Identifier, "");
    }

    private sealed class Echo : ReceiveActor
    {
        public Echo() => ReceiveAny(message => Sender.Tell(message));
    }

    internal enum Colour : byte
    {
        Red = 1,
        Green = 2,
    }

    internal sealed record Pair(int Number, string? Name);

    internal sealed record Loose(object Load);

    internal sealed record Nest(Nest[]? Inner);

    internal sealed record Outsider;

    private sealed record CarriesAnything(object Load) : IControlMessage;

    internal sealed record Every(
        int Int, long Long, double Double, string Text, string? NoText, Guid Id, DateTimeOffset Time, TimeSpan Span,
        Colour Kind, Colour? NoKind, Colour? SomeKind, double? Some, double? None, int[] Ints, string[] Texts, byte[] Bytes, Pair[] Pairs, Pair One, Pair[] NoPairs)
    {
        public int Later { get; init; }
    }

    internal sealed class Trap : Akka.Util.ISurrogate
    {
        public static int Sprung { get; set; }

        public Akka.Util.ISurrogated FromSurrogate(ActorSystem system)
        {
            Sprung++;
            return null!;
        }
    }
}
