using Distributed.Cluster.ParameterServers;

namespace Distributed.Cluster.Tests.Coordination.Protocol;

internal enum MessageKind
{
    /// <summary>Worker → server: the gradient of a piece, with what its slots saw.</summary>
    Gradient,

    /// <summary>Coordinator → worker.</summary>
    Halt,

    /// <summary>Worker → coordinator.</summary>
    Halted,

    /// <summary>Coordinator → server.</summary>
    Fence,

    /// <summary>Server → coordinator.</summary>
    Fenced,

    /// <summary>Coordinator → server: shards will be made again.</summary>
    Release,

    /// <summary>Server → coordinator.</summary>
    Released,

    /// <summary>Coordinator → worker.</summary>
    Lease,

    /// <summary>To the coordinator: a worker that is lost while all stop is not waited for.</summary>
    Lost,
}

/// <summary>Where a shard stands: its version, and whether its next update will be made whatever comes.</summary>
internal readonly record struct Stand(int Version, bool Due)
{
    /// <summary>The shard has no home there.</summary>
    public static readonly Stand None = new(15, false);

    public override string ToString() => this == None ? "-" : $"{Version}{(Due ? "+" : "")}";
}

/// <summary>Something on its way.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Node">The worker or, where no worker is concerned, the server.</param>
/// <param name="Term">Under which it was sent.</param>
/// <param name="Step">Of a gradient; of a lease, the version that it begins with.</param>
/// <param name="Piece">Of a gradient, what it is the sum of; of a lease, its slots.</param>
/// <param name="Server">Where a gradient goes.</param>
/// <param name="Shard">Which shard's gradient; -1: of all that are there.</param>
/// <param name="Links">Of a lease: the servers, a bit each.</param>
/// <param name="First">Where a fenced server's first shard stands.</param>
/// <param name="Second">Where its second one does.</param>
internal readonly record struct Message(
    MessageKind Kind, int Node, int Term, int Step = 0, SlotRange Piece = default, int Server = 0, int Shard = -1, int Links = 0,
    Stand First = default, Stand Second = default)
{
    /// <summary>All of it in one number.</summary>
    public ulong Packed
    {
        get
        {
            ReadOnlySpan<(int Value, int Bits)> parts =
            [
                ((int)Kind, 4), (Node, 3), (Term, 5), (Step, 4), (Piece.First, 2), (Piece.Count, 2), (Server, 1), (Shard + 1, 2), (Links, 2),
                (First.Version, 4), (First.Due ? 1 : 0, 1), (Second.Version, 4), (Second.Due ? 1 : 0, 1),
            ];
            var packed = 0ul;
            foreach (var (value, bits) in parts)
                packed = (packed << bits) | (uint)value;
            return packed;
        }
    }

    public override string ToString() => Kind switch
    {
        MessageKind.Gradient => $"gradient of slots {Piece}, step {Step}, term {Term}: worker {Node} → {(Shard < 0 ? "" : $"shard {Shard} on ")}server {Server}",
        MessageKind.Lease => $"lease of slots {Piece} from step {Step} on, term {Term} → worker {Node}",
        MessageKind.Halt => $"halt, term {Term} → worker {Node}",
        MessageKind.Fenced => $"fenced, term {Term}, shards at {First} and {Second}: server {Node} → coordinator",
        MessageKind.Fence or MessageKind.Release => $"{Kind}, term {Term} → server {Node}",
        _ => $"{Kind}, term {Term}, of {Node} → coordinator",
    };
}

internal enum MoveKind
{
    Deliver,

    /// <summary>A worker computes its slots and sends.</summary>
    Compute,

    /// <summary>A worker has seen the next version announced everywhere.</summary>
    Advance,

    /// <summary>A home makes the update that is due.</summary>
    Commit,

    /// <summary>A server that raises the term comes to its second shard.</summary>
    FenceSecond,

    /// <summary>All that was reported is on the coordinator's disk, and servers may forget it.</summary>
    Record,

    /// <summary>A new coordinator has heard from all that are alive.</summary>
    TakeOver,

    /// <summary>A fault, as all that follow: a worker is held for lost. It may go on for a while, or never do anything again.</summary>
    LoseWorker,

    /// <summary>A server is held for lost; it may go on all the same.</summary>
    LoseServer,

    /// <summary>All have to stop, and nobody is lost: a link is broken (what was on it comes too late, or never), or a worker joins.</summary>
    Restart,

    /// <summary>A worker is dead, so that the next coordinator does not hear from it.</summary>
    KillWorker,
    KillServer,
    KillCoordinator,

    /// <summary>A gradient comes twice.</summary>
    RepeatGradient,
}

/// <summary>What can happen next.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="A">The worker or the server.</param>
/// <param name="B">The shard, or the workers that had heard a server's last announcement.</param>
/// <param name="Message">What arrives.</param>
internal readonly record struct Move(MoveKind Kind, int A = 0, int B = 0, Message Message = default)
{
    public bool IsFault => Kind >= MoveKind.LoseWorker;

    public override string ToString() => Kind is MoveKind.Deliver or MoveKind.RepeatGradient ? $"{Kind} {Message}" : $"{Kind} {A} {B}";
}
