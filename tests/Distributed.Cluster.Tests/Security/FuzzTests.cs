using System.Runtime.Serialization;
using System.Text;
using Akka.Actor;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Security;
using Distributed.Cluster.Serialization;
using Distributed.Cluster.Tests.Jobs;
using Distributed.Cluster.Tests.Serialization;
using Distributed.Learning;
using Distributed.Transport.Tests;

namespace Distributed.Cluster.Tests.Security;

[Trait("Category", "Fuzzing")]
public sealed class FuzzTests : IDisposable
{
    private readonly ActorSystem system = NodeSystem.Start();

    public void Dispose() => system.Terminate().Wait(TimeSpan.FromSeconds(20));

    [Fact]
    public void A_damaged_control_message_is_read_or_refused()
    {
        var info = new MembershipMessages.NodeInfo("worker-1", ["worker", "server"], "akka.tcp://trainer@10.0.0.1:1", 1, 8, ActorRefs.Nobody);
        IControlMessage[] messages =
        [
            new MembershipMessages.Register(info, new Credential([.. Enumerable.Range(0, 100).Select(i => (byte)i)], [1, 2, 3], DateTimeOffset.UnixEpoch)),
            new JobMessages.Submit("digits", new string('a', 400), null, ActorRefs.Nobody, "folder"),
            new TrainingMessages.Train(Guid.NewGuid(), "epochs = 1", [1, 2, 3], true),
            new ProgressMessages.WorkerReport(Guid.NewGuid(), "worker-1", 3, "training", [new(1, [new(0, 16, 1.5, 16, 8)], 1, 2, 3, 4)], []),
            new MembershipMessages.NodeEvents([new LogEvent(DateTimeOffset.UnixEpoch, "n", "r", "info", "e", [new("a", "b"), new("c", "d")])], 7),
        ];
        var serializer = (HyperionSerializer)system.Serialization.FindSerializerForType(typeof(IControlMessage));
        byte[][] good = [.. messages.Select(serializer.ToBinary)];
        // What is read once is cached: it must not count as an allocation of a case.
        Assert.All(good, bytes => Assert.NotNull(serializer.FromBinary(bytes, typeof(object))));
        Fuzz.Run(6000, random =>
        {
            var failure = Record.Exception(() => serializer.FromBinary(Fuzz.Damage(good[random.Next(good.Length)], random), typeof(object)));
            Assert.True(failure is null or SerializationException, $"{failure}");
        });
    }

    [Fact]
    public void A_damaged_tensor_message_is_read_or_refused()
    {
        ITensorMessage[] messages =
        [
            new TrainingMessages.Connect(Guid.NewGuid(), new byte[32], [new("server-1", "10.0.0.1", 4053, "name", "boot")], [new(0, 0, 0, 64), new(1, 0, 64, 64)]),
            new TrainingMessages.Serve(Guid.NewGuid(), "epochs = 1", new byte[32], 1, 0, new byte[32], [new(0, 0, 0, 64)], 0.5),
        ];
        var serializer = (TensorMessageSerializer)system.Serialization.FindSerializerForType(typeof(ITensorMessage));
        (string Manifest, byte[] Bytes)[] good = [.. messages.Select(message => (serializer.Manifest(message), serializer.ToBinary(message)))];
        Assert.All(good, one => Assert.NotNull(serializer.FromBinary(one.Bytes, one.Manifest)));
        Fuzz.Run(20_000, random =>
        {
            var (manifest, bytes) = good[random.Next(good.Length)];
            var failure = Record.Exception(() => serializer.FromBinary(Fuzz.Damage(bytes, random), manifest));
            Assert.True(failure is null or SerializationException, $"{failure}");
        });
    }

    [Fact]
    public void A_damaged_job_is_read_or_refused_with_a_line()
    {
        string[] names = ["digits", "mnist-cnn", "char-transformer", "housing-mlp", "sentence-lstm", "cifar-resnet20"];
        byte[][] good = [Encoding.UTF8.GetBytes(TinyJob.Text), .. names.Select(name => Encoding.UTF8.GetBytes(Job.Load(name, new JobOverrides()).Text))];
        Fuzz.Run(1500, random =>
        {
            var text = Encoding.UTF8.GetString(Fuzz.Damage(good[random.Next(good.Length)], random));
            var failure = Record.Exception(() => Job.Parse("fuzz.hocon", text, new JobOverrides()));
            Assert.True(failure is null or BadInputException, $"{failure}\n{text}");
            Assert.True(failure?.Message.Contains('\n') != true, $"expected one line: {failure?.Message}");
        });
    }
}
