using MessagePack;

namespace Distributed.Cluster.Protocol;

/// <summary>Coordinator ↔ the members (workers and servers) of one job.</summary>
internal static class TrainingMessages
{
    /// <summary>
    /// Serve these shards: build the initial weights, listen, report <see cref="ServerReady"/>. <paramref name="Rate"/> is what evaluations
    /// have made of the base rate so far, where the schedule follows them.
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
        [property: Key(7)] double? Rate = null) : ITensorMessage;

    /// <summary>One shard of the flat parameter vector, in floats.</summary>
    [MessagePackObject]
    public sealed record ShardDescription(
        [property: Key(0)] int Shard, [property: Key(1)] int Server, [property: Key(2)] long Offset, [property: Key(3)] long Length);

    /// <summary>A server holds its shards and takes links at <paramref name="Endpoint"/>.</summary>
    public sealed record ServerReady(Guid Job, string Node, DataAddress Endpoint) : IControlMessage;

    /// <summary>Where a node's data plane listens.</summary>
    public sealed record DataAddress(string Host, int Port, string UnixName, string HostId);

    /// <summary>Train these slots: build the replica and load the data at once; links follow with <see cref="Connect"/>.</summary>
    public sealed record Train(Guid Job, string JobText, byte[] Secret, long Term, int[] Slots, long FirstStep) : IControlMessage;

    /// <summary>
    /// Every shard, in the order of the flat vector, and the servers that hold them: to workers, and to servers whose shards exchange
    /// norms. Where <paramref name="Streamed"/>, some link is over a network: gradients go shard by shard as soon as they are ready.
    /// </summary>
    [MessagePackObject]
    [TensorMessage("connect")]
    public sealed record Connect(
        [property: Key(0)] Guid Job,
        [property: Key(1)] byte[] LayoutHash,
        [property: Key(2)] ServerDescription[] Servers,
        [property: Key(3)] ShardDescription[] Shards,
        [property: Key(4)] bool Streamed = false) : ITensorMessage;

    /// <summary>A server's name and data-plane address.</summary>
    [MessagePackObject]
    public sealed record ServerDescription(
        [property: Key(0)] string Node,
        [property: Key(1)] string Host,
        [property: Key(2)] int Port,
        [property: Key(3)] string UnixName,
        [property: Key(4)] string HostId);

    /// <summary>A worker is linked to every server and computes. <paramref name="Links"/> says how, one entry a server.</summary>
    public sealed record WorkerReady(Guid Job, string Node, string[] Links, int TrainingSamples, int TestSamples) : IControlMessage;

    /// <summary>Hold at the next step boundary, before sending anything of that step.</summary>
    public sealed record Pause(Guid Job) : IControlMessage;

    /// <summary>
    /// The worker holds with the weights of <paramref name="Version"/>, and has sent nothing computed from them. Since every
    /// update needs every slot, all shards stand at this version until the worker goes on.
    /// </summary>
    public sealed record Paused(Guid Job, long Version) : IControlMessage;

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

    /// <summary>Leases have changed: what older terms send is dropped from now on.</summary>
    public sealed record RaiseTerm(Guid Job, long Term) : IControlMessage;

    /// <summary>Asks a server where each of its shards stands; answered by one <see cref="ShardStatus"/> a shard.</summary>
    public sealed record DescribeShards(Guid Job) : IControlMessage;

    /// <summary>Asks one parameter-server actor; stays within its node.</summary>
    public sealed record DescribeShard
    {
        public static readonly DescribeShard Instance = new();
    }

    /// <summary>A shard's version and the slots that its next update waits for.</summary>
    public sealed record ShardStatus(int Shard, long Version, int[] MissingSlots) : IControlMessage;

    /// <summary>The worker has evaluated the last version and waits to be released.</summary>
    public sealed record WorkerFinished(Guid Job, string Node, long BytesSent) : IControlMessage;

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

    /// <summary>A member can't go on. <paramref name="Reason"/> is one line, <paramref name="Detail"/> goes to the log.</summary>
    public sealed record MemberFailed(Guid Job, string Node, CauseRank Rank, string Reason, string? Detail, bool BadInput) : IControlMessage;
}
