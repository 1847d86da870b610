using Akka.Actor;
using Distributed.Cluster.Security;

namespace Distributed.Cluster.Protocol;

/// <summary>Node ↔ coordinator: who is there and what they can do.</summary>
internal static class MembershipMessages
{
    /// <summary>
    /// A node offers itself; repeated until acknowledged and whenever the coordinator moves. With TLS it is signed by a certificate for
    /// its address and all its roles.
    /// </summary>
    public sealed record Register(NodeInfo Node, Credential? Credential = null) : IControlMessage;

    /// <summary>
    /// The coordinator knows the node. Its <paramref name="Epoch"/> is higher than those of all before it; <paramref name="Job"/> is what runs.
    /// </summary>
    public sealed record Registered(string Coordinator, long Epoch = 0, Guid? Job = null) : IControlMessage;

    /// <summary>What the coordinator knows of a node. <paramref name="Actor"/> takes its orders.</summary>
    public sealed record NodeInfo(string Name, string[] Roles, string Address, int ProcessId, int Cores, IActorRef Actor);

    /// <summary>A node's own process ended, as seen by whoever started it: the likely root cause of what follows.</summary>
    public sealed record ProcessEnded(string Node, string How) : IControlMessage;

    /// <summary>A node was told to end; repeated until it may.</summary>
    public sealed record Leaving(string Node) : IControlMessage;

    /// <summary>The coordinator gives the node nothing more to do. It may leave once it has let go of what it does.</summary>
    public sealed record MayLeave(string Node) : IControlMessage;

    /// <summary>
    /// Log events of a node on their way to the cluster log, numbered from <paramref name="First"/> on; answered by <see cref="EventsTaken"/>
    /// once they are written. <paramref name="Oldest"/> is the first that the node still keeps.
    /// </summary>
    public sealed record NodeEvents(Monitoring.LogEvent[] Events, long First, long? Oldest = null) : IControlMessage;

    /// <summary>How a node is, about once a second. <paramref name="MemoryBytes"/>: what its process has in memory.</summary>
    public sealed record Vitals(string Node, long MemoryBytes, double CoresBusy, Monitoring.ServerFigures? Server) : IControlMessage
    {
        /// <summary>What of it the garbage collector has committed.</summary>
        public long ManagedBytes { get; init; }

        /// <summary>How much of the managed heap was in use after the last collection.</summary>
        public long ManagedInUse { get; init; }

        /// <summary>How long collections have stopped the process so far, in seconds.</summary>
        public double PausedSeconds { get; init; }
    }

    /// <summary>All of a node's events before a number are in the cluster log.</summary>
    public sealed record EventsTaken(long Before) : IControlMessage;
}
