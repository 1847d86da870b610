using Akka.Actor;
using Akka.Cluster;
using Akka.Configuration;
using Akka.Event;

namespace Distributed.Cluster.Succession;

/// <summary>
/// What Akka asks about members that stay unreachable (<c>akka.cluster.downing-provider-class</c>): has a <see cref="PartitionActor"/> decide.
/// </summary>
public sealed class PartitionResolver : IDowningProvider
{
    private readonly TimeSpan stableAfter;

    /// <summary>Made by Akka.</summary>
    /// <exception cref="ConfigurationException"><c>akka.cluster.split-brain-resolver.stable-after</c> is missing or no time.</exception>
    public PartitionResolver(ActorSystem system, Akka.Cluster.Cluster cluster)
    {
        ArgumentNullException.ThrowIfNull(system);
        const string key = "akka.cluster.split-brain-resolver.stable-after";
        stableAfter = system.Settings.Config.GetTimeSpan(key, TimeSpan.Zero, allowInfinite: false);
        if (stableAfter <= TimeSpan.Zero)
            throw new ConfigurationException($"{key}: expected a time above zero");
    }

    /// <summary>None: a coordinator's successor does not rely on the former one's end, but on terms (src/ARCHITECTURE.md).</summary>
    public TimeSpan DownRemovalMargin => TimeSpan.Zero;

    /// <inheritdoc/>
    public Props DowningActorProps => Props.Create(() => new PartitionActor(stableAfter));
}

/// <summary>
/// Looks again and again at who is unreachable. Once nothing has changed for a time, <see cref="Partition"/> says whether this side goes on
/// without them, or ends.
/// </summary>
internal sealed class PartitionActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);

    private readonly Akka.Cluster.Cluster cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly ILoggingAdapter log = Context.GetLogger();
    private readonly Stillness<UniqueAddress> stillness;

    private sealed record Look
    {
        public static readonly Look Instance = new();
    }

    public PartitionActor(TimeSpan stableAfter)
    {
        stillness = new Stillness<UniqueAddress>(stableAfter, Environment.TickCount64);
        Receive<Look>(_ => Observe());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Timers.StartPeriodicTimer("look", Look.Instance, LookEvery);

    private void Observe()
    {
        var state = cluster.State;
        var self = cluster.SelfMember.UniqueAddress;
        var now = Environment.TickCount64;
        var members = state.Members.Where(member => member.Status is MemberStatus.Up or MemberStatus.Leaving).ToArray();
        // What others can't reach is theirs to decide about, where this node sees it; and whoever has said that it ends keeps nobody from leaving.
        var unreachable = state.Unreachable.Where(
            member => member.Status is not (MemberStatus.Down or MemberStatus.Exiting) && !member.UniqueAddress.Equals(self) && !Sees(member)).ToArray();
        var missing = unreachable.Select(member => member.UniqueAddress).ToHashSet();
        if (!stillness.Observe(members.Select(member => member.UniqueAddress), missing, now))
            return;
        var silent = stillness.MissingFor(now) / 1000;
        var byAge = members.Order(Comparer<Member>.Create((a, b) => a.Equals(b) ? 0 : a.IsOlderThan(b) ? -1 : 1)).ToArray();
        var verdict = Partition.Decide(
            [.. byAge.Select((member, age) => new PartitionMember(member.HasRole("coordinator"), age, !missing.Contains(member.UniqueAddress)))]);
        var whom = string.Join(", ", unreachable.Select(member => $"{member.Address.Host}:{member.Address.Port}"));
        if (verdict.GoesOn)
        {
            log.Warning("The cluster goes on without {0}, silent for {1} s: {2}", whom, silent, verdict.Why);
            foreach (var member in unreachable)
                cluster.Down(member.Address);
        }
        else
        {
            var reason = $"{whom} can't be reached for {silent} s: {verdict.Why}";
            PartitionEnd.Of(Context.System).Reason = reason;
            log.Error("This node ends: {0}", reason);
            cluster.Down(cluster.SelfAddress);
        }

        stillness.Decided(now);
    }

    private bool Sees(Member member) =>
        cluster.FailureDetector.IsMonitoring(member.Address) && cluster.FailureDetector.IsAvailable(member.Address);
}

/// <summary>Why a node had to leave its cluster; kept with its actor system.</summary>
internal sealed class PartitionEnd : IExtension
{
    private volatile string? reason;

    /// <summary>Null while it has not had to.</summary>
    public string? Reason
    {
        get => reason;
        set => reason ??= value;
    }

    public static PartitionEnd Of(ActorSystem system) => system.WithExtension<PartitionEnd, Provider>();

    private sealed class Provider : ExtensionIdProvider<PartitionEnd>
    {
        public override PartitionEnd CreateExtension(ExtendedActorSystem system) => new();
    }
}
