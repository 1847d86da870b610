using MessagePack;

namespace Distributed.Cluster.Protocol;

/// <summary>Coordinator ↔ the members (workers and servers) of one job.</summary>
internal static class TrainingMessages
{
    /// <summary>
    /// Serve these shards: build the initial weights, listen, report <see cref="ServerReady"/>. <paramref name="Rate"/> is what evaluations
    /// have made of the base rate so far, where the schedule follows them. <paramref name="Relayed"/> are shards of other servers for whose weights
    /// there is to be room, for the workers of this host.
    /// </summary>
    [MessagePackObject]
    [TensorMessage("serve")]
    public sealed record Serve(
        [property: Key(0)] Guid Job,
        [property: Key(1)] string JobText,
        [property: Key(2)] byte[] Secret,
        [property: Key(3)] long Term,
        [property: Key(4)] long Version,
        [property: Key(5)] byte[] LayoutHash,
        [property: Key(6)] ShardDescription[] Shards,
        [property: Key(7)] double? Rate = null,
        [property: Key(8)] ShardDescription[]? Relayed = null) : ITensorMessage;

    /// <summary>
    /// One shard of the flat parameter vector, in floats. <paramref name="Shared"/>, of a first home: the optimizer's moments lie in the server's
    /// segment, too, and the second home, on the same host, takes over each update from there instead of making it again.
    /// </summary>
    [MessagePackObject]
    public sealed record ShardDescription(
        [property: Key(0)] int Shard, [property: Key(1)] int Server, [property: Key(2)] long Offset, [property: Key(3)] long Length,
        [property: Key(4)] bool Shared = false);

    /// <summary>A server holds its shards and takes links at <paramref name="Endpoint"/>.</summary>
    public sealed record ServerReady(Guid Job, string Node, long Term, DataAddress Endpoint) : IControlMessage;

    /// <summary>Where a node's data plane listens.</summary>
    public sealed record DataAddress(string Host, int Port, string UnixName, string HostId);

    /// <summary>
    /// Be a worker of the job: load the data, build the module, report <see cref="WorkerPrepared"/>; slots follow with <see cref="Lease"/>.
    /// All workers read the same data, and one of them (<paramref name="TellsOfData"/>) tells what was wrong with it.
    /// </summary>
    public sealed record Train(Guid Job, string JobText, byte[] Secret, bool TellsOfData = false) : IControlMessage;

    /// <summary>A worker has its data and its module and waits for slots.</summary>
    public sealed record WorkerPrepared(Guid Job, string Node, int TrainingSamples, int TestSamples) : IControlMessage;

    /// <summary>
    /// Train these slots from this step on, until a higher term comes. <paramref name="Evaluate"/>: the evaluation of the first step's
    /// version, where one is due, is still to be made. <paramref name="Group"/>: the worker's gradients are summed with others' on its host.
    /// </summary>
    [MessagePackObject]
    [TensorMessage("lease")]
    public sealed record Lease(
        [property: Key(0)] Guid Job,
        [property: Key(1)] long Term,
        [property: Key(2)] int[] Slots,
        [property: Key(3)] long FirstStep,
        [property: Key(4)] bool Evaluate,
        [property: Key(5)] Connect Servers,
        [property: Key(6)] HostGroup? Group = null) : ITensorMessage;

    /// <summary>Workers of one host whose gradients are summed there: the servers of the host, and the slots of all of them.</summary>
    [MessagePackObject]
    public sealed record HostGroup([property: Key(0)] int[] Servers, [property: Key(1)] int[] Slots);

    /// <summary>A worker to a server of its host, on their link: what is to be passed on, and to whom.</summary>
    [MessagePackObject]
    public sealed record Gathering([property: Key(0)] Connect Servers, [property: Key(1)] HostGroup Group);

    /// <summary>
    /// Slots will be leased anew under this term: finish the slot in hand, drop the links, keep the data and the module, and say
    /// <see cref="Halted"/>.
    /// </summary>
    public sealed record Halt(Guid Job, long Term) : IControlMessage;

    /// <summary>The worker does nothing for terms below this one any more; it has reported all that it did.</summary>
    public sealed record Halted(Guid Job, string Node, long Term) : IControlMessage;

    /// <summary>
    /// Every shard, in the order of the flat vector, and the servers that hold them: to workers with their <see cref="Lease"/>, and to
    /// servers that exchange norms or share memory. Where <paramref name="Streamed"/>, some link is over a network: gradients go shard by shard as
    /// soon as they are ready. <paramref name="Backups"/> are further homes of the same shards on other servers: they are given every gradient,
    /// too, and make the same updates, or take them over. <paramref name="Relays"/> are where there is room for the weights of shards that have no home on a host.
    /// </summary>
    [MessagePackObject]
    [TensorMessage("connect")]
    public sealed record Connect(
        [property: Key(0)] Guid Job,
        [property: Key(1)] byte[] LayoutHash,
        [property: Key(2)] ServerDescription[] Servers,
        [property: Key(3)] ShardDescription[] Shards,
        [property: Key(4)] bool Streamed = false,
        [property: Key(5)] ShardDescription[]? Backups = null,
        [property: Key(6)] ShardDescription[]? Relays = null) : ITensorMessage
    {
        /// <summary>The homes of shards: of all their first ones in the order of the flat vector, then of the others.</summary>
        [IgnoreMember]
        public IReadOnlyList<ShardDescription> Homes { get; } = Backups is null ? Shards : [.. Shards, .. Backups];

        /// <summary>What one server holds, in the order of the flat vector.</summary>
        public ShardDescription[] HeldBy(int server) => [.. Homes.Where(shard => shard.Server == server).OrderBy(shard => shard.Offset)];

        /// <summary>All for whose weights one server has room, in the order of the flat vector.</summary>
        public ShardDescription[] PlacedAt(int server) =>
            [.. Homes.Concat(Relays ?? []).Where(shard => shard.Server == server).OrderBy(shard => shard.Offset)];
    }

    /// <summary>A server's name and data-plane address.</summary>
    [MessagePackObject]
    public sealed record ServerDescription(
        [property: Key(0)] string Node,
        [property: Key(1)] string Host,
        [property: Key(2)] int Port,
        [property: Key(3)] string UnixName,
        [property: Key(4)] string HostId);

    /// <summary>
    /// The sender coordinates the job from now on, in place of one that is gone. Answered by <see cref="Adopted"/>, and for what the node does by
    /// <see cref="WorkerHere"/> and <see cref="ServerHolds"/>.
    /// </summary>
    public sealed record Adopt(Guid Job) : IControlMessage;

    /// <summary>What the node does for the job.</summary>
    public sealed record Adopted(Guid Job, string Node, bool Worker, bool Server) : IControlMessage;

    /// <summary>A worker of a job that has a new coordinator. <paramref name="Prepared"/>: it has its data and its module.</summary>
    public sealed record WorkerHere(Guid Job, string Node, bool Prepared) : IControlMessage;

    /// <summary>A server of a job that has a new coordinator, and what it holds. <paramref name="At"/> is null while it makes its shards.</summary>
    [MessagePackObject]
    [TensorMessage("holds")]
    public sealed record ServerHolds(
        [property: Key(0)] Guid Job, [property: Key(1)] string Node, [property: Key(2)] ServerDescription? At,
        [property: Key(3)] ShardDescription[] Shards) : ITensorMessage;

    /// <summary>A worker is linked to every server and computes. <paramref name="Links"/> says how, one entry a server.</summary>
    public sealed record WorkerReady(Guid Job, string Node, long Term, string[] Links) : IControlMessage;

    /// <summary>Hold at the next step boundary, before sending anything of that step.</summary>
    public sealed record Pause(Guid Job) : IControlMessage;

    /// <summary>
    /// The worker holds with the weights of <paramref name="Version"/>, and has sent nothing computed from them. Since every
    /// update needs every slot, all shards stand at this version until the worker goes on.
    /// </summary>
    public sealed record Paused(Guid Job, string Node, long Term, long Version) : IControlMessage;

    /// <summary>Another worker is held for so long at most: whoever waits for the next version waits for that, too.</summary>
    public sealed record BePatient(Guid Job, TimeSpan Within) : IControlMessage;

    /// <summary>Go on after <see cref="Pause"/>.</summary>
    public sealed record Continue(Guid Job) : IControlMessage;

    /// <summary>
    /// What follows from the evaluation of <paramref name="Version"/>: on with the next step, or <paramref name="Stop"/>. Workers of a
    /// job that decides at evaluations wait for it, so that the decision can't depend on anybody's pace.
    /// </summary>
    public sealed record Decided(Guid Job, long Version, bool Stop) : IControlMessage;

    /// <summary>
    /// To servers: <paramref name="Rate"/> takes the place of the base rate in updates from <paramref name="Version"/> on. No worker has
    /// begun that version, nor will one before every server has answered with <see cref="RateSet"/>.
    /// </summary>
    public sealed record SetRate(Guid Job, long Version, double Rate) : IControlMessage;

    /// <summary>The server has taken over the rate.</summary>
    public sealed record RateSet(Guid Job, string Node, long Version) : IControlMessage;

    /// <summary>
    /// Slots will be leased anew under this term: what older terms send is dropped from now on; answered by <see cref="Fenced"/>. Links to servers
    /// other than <paramref name="Servers"/> are given up.
    /// </summary>
    public sealed record RaiseTerm(Guid Job, long Term, long RecordedBelow, string[] Servers) : IControlMessage;

    /// <summary>
    /// A server takes nothing of terms below this one any more. Where its shards stand, after the <see cref="StepFigures"/> of all steps
    /// that it has committed and the coordinator had not recorded.
    /// </summary>
    public sealed record Fenced(Guid Job, string Node, long Term, ShardVersion[] Shards) : IControlMessage;

    /// <summary>
    /// A shard and how many updates it has had. <paramref name="Due"/>: it has every gradient of that version, and will make the next update
    /// whatever comes.
    /// </summary>
    public sealed record ShardVersion(int Shard, long Version, bool Due = false);

    /// <summary>What slots saw in committed steps, as the workers told the server of the first shard with their gradients.</summary>
    public sealed record StepFigures(Guid Job, string Node, long Term, ProgressMessages.StepReport[] Steps) : IControlMessage;

    /// <summary>All steps below this one are in the run's files; nobody needs to keep their figures.</summary>
    public sealed record Recorded(Guid Job, long Step) : IControlMessage;

    /// <summary>A server lives; a few times a second. The slots are those that its next update waits for.</summary>
    public sealed record ServerReport(Guid Job, string Node, long Term, long Version, int[] MissingSlots) : IControlMessage;

    /// <summary>The worker has evaluated the last version and waits to be released.</summary>
    public sealed record WorkerFinished(Guid Job, string Node, long Term, long BytesSent) : IControlMessage;

    /// <summary>The job is over for this worker or server: let go of everything it holds for it.</summary>
    public sealed record Release(Guid Job, string Role) : IControlMessage;

    /// <summary>The member has let go of the job.</summary>
    public sealed record Released(Guid Job, string Node, string Role, long BytesSent) : IControlMessage;

    /// <summary>How likely a failure is the cause, not a consequence, of the others: lower is likelier.</summary>
    public enum CauseRank
    {
        /// <summary>An exception in the member's own work.</summary>
        Own = 0,

        /// <summary>The member's process or node is gone.</summary>
        NodeLost = 1,

        /// <summary>A deadline ended.</summary>
        TimedOut = 2,

        /// <summary>A link to another member broke.</summary>
        LinkLost = 3,

        /// <summary>The member met what went wrong elsewhere.</summary>
        Consequence = 4,
    }

    /// <summary>
    /// Something went wrong at a member. <paramref name="Reason"/> is one line, <paramref name="Detail"/> goes to the log.
    /// <paramref name="Term"/>: of the leases under which it happened; 0 where it has to do with none. <paramref name="CanGoOn"/>: the member
    /// is in order and can take part under a higher term.
    /// </summary>
    public sealed record MemberFailed(
        Guid Job, string Node, CauseRank Rank, string Reason, string? Detail, bool BadInput, long Term = 0, bool CanGoOn = false) : IControlMessage;
}
