using System.Runtime.Serialization;
using System.Text;
using Akka.Actor;
using Distributed.Cluster.Tests.Serialization;

namespace Distributed.Cluster.Tests.Security;

/// <summary>A message names its serializer by number: none of those that a node has makes what a payload asks for.</summary>
public sealed class RefusedPayloadTests : IDisposable
{
    private readonly ActorSystem system = NodeSystem.Start();

    public void Dispose() => system.Terminate().Wait(TimeSpan.FromSeconds(20));

    [Fact]
    public void Json_that_names_its_type_is_refused()
    {
        Trap.Sprung = 0;
        var bytes = Encoding.UTF8.GetBytes($$"""{"$type":"{{typeof(Trap).AssemblyQualifiedName}}","Value":1}""");
        var refusal = Assert.Throws<SerializationException>(() => system.Serialization.Deserialize(bytes, 1, typeof(object)));
        Assert.Contains("JSON is refused", refusal.GetBaseException().Message);
        Assert.Throws<SerializationException>(() => system.Serialization.Deserialize(bytes, 1, typeof(Trap).AssemblyQualifiedName!));
        Assert.Equal(0, Trap.Sprung);
    }

    [Fact]
    public void An_order_to_start_an_actor_here_is_refused()
    {
        var refusal = Assert.Throws<SerializationException>(() => system.Serialization.Deserialize([1, 2, 3], 3, ""));
        Assert.Contains("Starting actors from another node is refused", refusal.GetBaseException().Message);
    }

    internal sealed class Trap
    {
        public static int Sprung { get; set; }

        public int Value
        {
            get => 0;
            set => Sprung++;
        }
    }
}
