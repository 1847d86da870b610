using Akka.Actor;
using Akka.Cluster;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Succession;

namespace Distributed.Cluster.Coordination;

/// <summary>
/// How the coordinator's jobs outlast it: what a successor needs is with a majority of the nodes that may be coordinator before it counts, and
/// this coordinator, when it begins, hears from them what the one before it had.
/// </summary>
internal sealed partial class CoordinatorActor
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);

    private readonly Guid me = Guid.NewGuid();
    private readonly Quorum<Address> kept = new();
    private readonly Dictionary<long, SuccessionMessages.KeptJob> unkept = [];

    /// <summary>The other nodes that may be coordinator, and whether they have been told what there is.</summary>
    private readonly HashSet<Address> told = [];

    /// <summary>By node: whether it sees the folder of the job that runs.</summary>
    private readonly Dictionary<string, bool> sees = [];
    private readonly HashSet<Guid> inherited = [];
    private Quorum<Address> promised = new();
    private long epoch;
    private long number;

    public IStash Stash { get; set; } = null!;

    private sealed record Retry
    {
        public static readonly Retry Instance = new();
    }

    /// <summary>Whether another coordinator would go on with all that is here.</summary>
    private bool MayMove => told.Count > 0 && (running is null || sees.ContainsValue(true));

    private static bool IsThere(Member member) => member.Status is MemberStatus.Up or MemberStatus.Leaving;

    /// <summary>
    /// Whether a node that may be coordinator is about to be a member. A job begins once it is one: were this coordinator lost before, the others
    /// would know of nobody that may decide, and end.
    /// </summary>
    private bool AnotherIsJoining =>
        Akka.Cluster.Cluster.Get(Context.System).State.Members.Any(member => member.HasRole("coordinator") && member.Status is MemberStatus.Joining);

    private Address[] OtherCoordinators()
    {
        var cluster = Akka.Cluster.Cluster.Get(Context.System);
        return [.. cluster.State.Members.Where(member => member.HasRole("coordinator") && IsThere(member) && !member.Address.Equals(cluster.SelfAddress))
            .Select(member => member.Address)];
    }

    private ActorSelection ReplicaAt(Address address) => Context.ActorSelection(new RootActorPath(address) / "user" / ReplicaActor.Name);

    private void Recovering()
    {
        Receive<SuccessionMessages.Recalled>(recalled =>
        {
            if (recalled.Epoch == epoch)
                node.Replica.Add(recalled.Job);
        });
        Receive<SuccessionMessages.Promised>(promise => promised.Acknowledge(Sender.Path.Address, promise.Epoch));
        Receive<SuccessionMessages.Superseded>(newer =>
        {
            if (newer.Epoch >= epoch)
                Recover(newer.Epoch);
        });
        Receive<Retry>(_ => AskForPromises());
        ReceiveAny(_ => Stash.Stash());
    }

    /// <summary>Begins an epoch of its own, once a majority follows it and has told what it keeps.</summary>
    private void Recover(long above = 0)
    {
        epoch = Math.Max(above, Math.Max(epoch, node.Replica.Epoch)) + 1;
        node.Replica.Promise(epoch, me);
        promised = new Quorum<Address>();
        Timers.StartPeriodicTimer("retry", Retry.Instance, AskAgain);
        promised.Members(OtherCoordinators());
        promised.Begin(epoch, Lead);
        foreach (var address in promised.Pending.SelectMany(wait => wait.Missing))
            ReplicaAt(address).Tell(new SuccessionMessages.Promise(epoch, me));
    }

    private void AskForPromises()
    {
        promised.Members(OtherCoordinators());
        foreach (var address in promised.Pending.SelectMany(wait => wait.Missing))
            ReplicaAt(address).Tell(new SuccessionMessages.Promise(epoch, me));
    }

    private void Lead()
    {
        Become(Leading);
        number = node.Replica.Jobs.Select(job => job.Change).DefaultIfEmpty().Max();
        // Whatever ran comes before what waited.
        foreach (var job in node.Replica.Jobs.OrderBy(job => job.Run is null))
        {
            queue.Take(job.Entry, job.Submission is { } submission ? submission with { OutFolder = job.Folder } : null);
            if (job.Submission is null || job.Entry.Outcome is not null)
                continue;
            inherited.Add(job.Entry.Id);
            if (!job.Submission.Detached)
                followers[job.Entry.Id] = Context.Watch(job.Submission.Submitter);
        }

        Others();
        Stash.UnstashAll();
        StartNext();
    }

    private void Succeeding()
    {
        Receive<SuccessionMessages.Kept>(keeps => kept.Acknowledge(Sender.Path.Address, keeps.Number));
        Receive<SuccessionMessages.Promised>(_ => { });
        Receive<SuccessionMessages.Recalled>(_ => { });
        Receive<SuccessionMessages.Superseded>(newer =>
        {
            if (newer.Epoch > epoch)
                GiveWay();
        });
        Receive<SuccessionMessages.SeenRun>(Take);
        Receive<Retry>(_ =>
        {
            Others();
            StartNext();
            foreach (var (at, missing) in kept.Pending)
                foreach (var address in missing)
                    ReplicaAt(address).Tell(new SuccessionMessages.Keep(epoch, me, at, unkept[at]));
        });
    }

    /// <summary>Looks who else may be coordinator; whoever is new is told all.</summary>
    private void Others()
    {
        var others = OtherCoordinators();
        foreach (var gone in told.Except(others).ToArray())
            told.Remove(gone);
        foreach (var address in others.Where(told.Add))
        {
            foreach (var job in node.Replica.Jobs)
                ReplicaAt(address).Tell(new SuccessionMessages.Keep(epoch, me, 0, job));
            AskWhetherItSees(address);
        }

        kept.Members(others);
    }

    /// <summary>Has a majority keep how a job stands, and then goes on.</summary>
    private void Keep(SuccessionMessages.KeptJob job, Action then)
    {
        job = job with { Change = ++number };
        node.Replica.Keep(epoch, me, job);
        var at = number;
        unkept[at] = job;
        foreach (var address in told)
            ReplicaAt(address).Tell(new SuccessionMessages.Keep(epoch, me, at, job));
        kept.Begin(at, () =>
        {
            unkept.Remove(at);
            then();
        });
    }

    private void Keep(JobActor.Keep ask)
    {
        if (running is { } job && job.Id == ask.Job && queue.Running is { } now && Known(ask.Job) is { } known)
            Keep(known with { Entry = now.Entry, Run = ask.Run }, () => job.Actor.Tell(new JobActor.Kept(ask.Number)));
    }

    private void KeepEnd(JobEntry entry) => Keep(new SuccessionMessages.KeptJob(entry, 0, entry.Folder, null, false, null), () => { });

    private SuccessionMessages.KeptJob? Known(Guid job) => node.Replica.Jobs.FirstOrDefault(known => known.Entry.Id == job);

    private void Interrupt(Running job)
    {
        job.Actor.Tell(new JobMessages.Interrupt(job.Id));
        if (Known(job.Id) is { Interrupted: false, Submission: not null } known)
            Keep(known with { Interrupted = true }, () => { });
    }

    private void AskWhetherItSees(Address address)
    {
        if (running is not { } job)
            return;
        var folder = Path.GetFullPath(job.Entry.Folder);
        try
        {
            File.WriteAllText(Path.Combine(folder, ReplicaActor.IdFile), $"{job.Id}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Then the others do not see it, which is told.
        }

        ReplicaAt(address).Tell(new SuccessionMessages.SeeRun(job.Id, folder));
    }

    /// <summary>Only a coordinator that sees the run's folder can go on with the run: its files tell what has been done so far.</summary>
    private void Take(SuccessionMessages.SeenRun seen)
    {
        if (running is not { } job || job.Id != seen.Job || (sees.TryGetValue(seen.Node, out var before) && before == seen.Seen))
            return;
        sees[seen.Node] = seen.Seen;
        var folder = Path.GetFullPath(job.Entry.Folder);
        if (seen.Seen)
            node.Log.Successor(seen.Node, folder);
        else
            node.Log.NoSuccessor(seen.Node, folder);
        job.Actor.Tell(new JobActor.Guarded(
            sees.ContainsValue(true),
            seen.Seen ? null : $"warning: {seen.Node} could not take this job over, since it does not see {folder}: give all coordinators the same --out on a shared disk"));
    }

    /// <summary>How an inherited job stood; null where it had not begun, or begins here.</summary>
    /// <param name="problem">Why it can't go on here.</param>
    private SuccessionMessages.KeptRun? FormerRun(JobEntry entry, out string? problem)
    {
        problem = null;
        if (!inherited.Remove(entry.Id) || Known(entry.Id) is not { Run: { Samples: > 0 } run } known)
            return null;
        if (!ReplicaActor.Sees(entry.Id, known.Folder))
            problem = $"{run.Coordinator}, which coordinated it, is gone, and {node.Name} does not see the run's folder {known.Folder}; "
                + "'trainer resume' goes on from its newest checkpoint";
        return run;
    }

    /// <summary>There is a newer coordinator, and nobody listens to this one any more.</summary>
    private void GiveWay()
    {
        const string reason = "another node has become coordinator while this one was not heard";
        node.Log.GaveWay(reason);
        PartitionEnd.Of(Context.System).Reason = reason;
        foreach (var child in Context.GetChildren())
            Context.Stop(child);
        Become(() => ReceiveAny(_ => { }));
        var cluster = Akka.Cluster.Cluster.Get(Context.System);
        cluster.Down(cluster.SelfAddress);
    }
}
