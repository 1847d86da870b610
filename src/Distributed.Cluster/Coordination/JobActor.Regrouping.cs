using Akka.Actor;
using Distributed.Cluster.Chaos;
using Distributed.Cluster.Checkpoints;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Coordination;

/// <summary>
/// What a job's coordinator does at every change of its members, the first included: raise the term, have everybody stop where they are, make
/// the servers again where one is lost, lease the slots anew, go on. Whatever happens in between begins it anew under a higher term.
/// </summary>
internal sealed partial class JobActor
{
    private const string Reforming = "regrouping";
    private const string WaitingForMembers = "waiting for nodes";

    private long term;
    private Stage stage;
    private Regrouping regrouping = new(0, [], []);
    private bool rebuild;
    private bool begun;
    private long regroupedAt;
    private long firstStep;
    private Checkpoint? origin;
    private int restarts;
    private int? earlierRestarts;
    private string? waitingFor;

    private enum Stage
    {
        /// <summary>Until a successor would know of the term.</summary>
        Keeping,

        /// <summary>Until nobody does anything under lower terms.</summary>
        Quieting,

        /// <summary>Servers are made again: the newest whole checkpoint is looked for.</summary>
        Choosing,

        /// <summary>Until the servers hold their shards.</summary>
        Serving,

        /// <summary>Until they hold what the checkpoint does.</summary>
        Restoring,

        /// <summary>Until there are enough workers with their data.</summary>
        Leasing,

        /// <summary>Until the workers are linked.</summary>
        Linking,
    }

    private sealed record Chosen(Checkpoint? Checkpoint, IReadOnlyList<string> Damaged);

    private IEnumerable<WorkerState> Leased => workers.Where(worker => worker.Leased);

    private long FirstVersion => origin?.Version ?? 0;

    /// <summary>The first term: servers are made, nobody has to stop.</summary>
    private void Begin()
    {
        term = 1;
        regroupedAt = Environment.TickCount64;
        rebuild = true;
        stage = Stage.Keeping;
        firstStep = FirstVersion;
        Become(RegroupingNow);
        KeepThen(() =>
        {
            stage = Stage.Serving;
            Advance();
        });
    }

    /// <summary>Raises the term and has everybody stop where they are.</summary>
    /// <param name="why">For the log.</param>
    /// <param name="again">Whether the servers have to be made again.</param>
    private void Regroup(string why, bool again)
    {
        term++;
        rebuild |= again;
        (holds, askedToHoldAt, spreading, handedOverAt) = (false, null, false, null);
        savesModelThen = false;
        waitingFor = null;
        if (phase is "training" or "saving")
            regroupedAt = Environment.TickCount64;
        node.Log.TermRaised(term, why);
        regrouping = new Regrouping(term, [], []);
        stage = Stage.Keeping;
        Enter(begun ? Reforming : "preparing");
        Become(RegroupingNow);
        KeepThen(Quiet);
    }

    private void Quiet()
    {
        var halting = Leased.ToArray();
        foreach (var worker in halting)
            worker.Node.Actor.Tell(new TrainingMessages.Halt(id, term));
        var served = servers.Where(server => !server.Released).ToArray();
        string[] names = [.. served.Select(server => server.Node.Name)];
        foreach (var server in served)
            server.Node.Actor.Tell(
                rebuild ? new TrainingMessages.Release(id, "server") : new TrainingMessages.RaiseTerm(id, term, recordedBelow, names));
        regrouping = new Regrouping(term, halting.Select(worker => worker.Node.Name), served.Select(server => server.Node.Name));
        stage = Stage.Quieting;
        Advance();
    }

    private void RegroupingNow()
    {
        Always();
        Receive<TrainingMessages.Halted>(halted =>
        {
            if (Heard(halted.Node, "worker") is not { } worker || halted.Term != term)
                return;
            worker.Lease([]);
            regrouping.Halted(halted.Node, halted.Term);
            LetLeave();
            Advance();
        });
        Receive<TrainingMessages.StepFigures>(figures =>
        {
            if (figures.Term == term && board is not null)
                foreach (var step in figures.Steps)
                    Add(step);
        });
        Receive<TrainingMessages.Fenced>(fenced =>
        {
            regrouping.Fenced(fenced.Node, fenced.Term, fenced.Shards.Select(shard => (shard.Shard, shard.Version, shard.Due)));
            Advance();
        });
        Receive<LayoutReady>(ready =>
        {
            layout = ready.Layout;
            Advance();
        });
        Receive<Chosen>(chosen =>
        {
            if (stage == Stage.Choosing)
                GoBack(chosen);
        });
        Receive<TrainingMessages.ServerReady>(ready =>
        {
            if (stage != Stage.Serving || ready.Term != term || Array.Find(servers, candidate => candidate.Node.Name == ready.Node) is not { } server)
                return;
            server.Endpoint = ready.Endpoint;
            node.Log.ServerReady(server.Node.Name, $"{ready.Endpoint.Host}:{ready.Endpoint.Port}");
            if (servers.All(candidate => candidate.Endpoint is not null))
                Link();
        });
        Receive<Restored>(restored =>
        {
            if (stage != Stage.Restoring || restored.Term != term)
                return;
            bestSha256 = restored.BestSha256;
            node.Log.JobResumed(job.Name, FirstVersion, origin!.Folder);
            Enlist();
        });
        Receive<TrainingMessages.WorkerReady>(ready =>
        {
            if (stage != Stage.Linking || ready.Term != term || Heard(ready.Node, "worker") is not { } worker)
                return;
            worker.Ready = true;
            worker.LinkFailures = 0;
            node.Log.WorkerReady(worker.Node.Name, string.Join(", ", ready.Links));
            if (Leased.All(candidate => candidate.Ready))
                Train();
        });
        Receive<JobMessages.Interrupt>(_ =>
        {
            if (!begun)
                Release(JobStatus.Interrupted, "stopped before the first step");
            else if (waitingFor is not null)
                StopWaiting();
            else
                interruptAsked = true;
        });
        Receive<Tick>(_ =>
        {
            WatchForSilence();
            WatchRegrouping();
            Publish();
        });
    }

    /// <summary>Does what can be done next; nothing while training, or when the job is about to end.</summary>
    private void Advance()
    {
        if (failing || phase is not (Reforming or WaitingForMembers or "preparing"))
            return;
        switch (stage)
        {
            // What reads from the servers must not be overtaken by later steps, and a checkpoint that is being written may be the one to go back to.
            case Stage.Quieting when regrouping.Quiet && !inHand.Exists(work => work is not ("layout" or DataWork) && (rebuild || work != DiskWork)):
                if (rebuild)
                    Choose();
                else if (serverLinkLost)
                    LinkServersAnew();
                else
                    Enlist();
                break;
            case Stage.Serving when layout is not null && servers.All(server => server.Released):
                Serve();
                break;
            case Stage.Leasing when !inHand.Contains(BestWork) && ratesAwaited.Count == 0:
                Lease();
                break;
        }
    }

    /// <summary>The servers are there: slots can be leased.</summary>
    private void Enlist()
    {
        if (rebuild)
        {
            rebuild = false;
        }
        else
        {
            firstStep = regrouping.Version;
            if (inherits && !Inherit())
                return;
            if (board!.Next < firstStep)
                throw new InvalidOperationException($"the shards stand at version {firstStep}, but nobody knows what slots saw in step {board.Next}");
            CompleteEvaluations();
            WriteCheckpoint();
        }

        stage = Stage.Leasing;
        if (begun && board!.Next == LastVersion && evaluations!.Newest >= LastVersion)
            SaveModel();
        else
            Advance();
    }

    private void Lease()
    {
        // At the start all are waited for; later, whoever comes is given slots when it is ready.
        if (!begun && workers.Exists(worker => !worker.Prepared))
            return;
        var ready = workers.Where(worker => worker.Prepared).Take(job.MaxWorkers).ToArray();
        if (ready.Length < membership.Least)
        {
            Wait($"it needs {membership.Least} {(membership.Least == 1 ? "worker" : "workers")}, and there {(ready.Length == 1 ? "is 1" : $"are {ready.Length}")}");
            return;
        }

        Proceed();
        stage = Stage.Linking;
        if (job.SumsOnHosts)
            ready = [.. ready.OrderBy(worker => HostOf(worker.Node.Address), StringComparer.Ordinal)];
        foreach (var (worker, slots) in ready.Zip(SlotLeases.Deal(job.Slots, ready.Length)))
            worker.Lease(slots);
        KeepThen(() =>
        {
            var evaluate = evaluations!.Newest < firstStep;
            foreach (var worker in Leased)
            {
                node.Log.SlotsLeased(worker.Node.Name, worker.SlotsText, term);
                worker.Node.Actor.Tell(new TrainingMessages.Lease(id, term, worker.Slots, firstStep, evaluate, connect!, GroupOf(worker)));
                node.Chaos?.At(ChaosPhase.WhileLeasing, firstStep);
            }
        });
    }

    private void Train()
    {
        Enter("training");
        lastProgressAt = Environment.TickCount64;
        if (!begun)
        {
            checkpointAt = Environment.TickCount64;
            node.Log.JobStarted(job.Name, layout!.ParameterCount, job.Slots, Leased.Count(), servers.Length, Steps);
        }
        else
        {
            var took = Environment.TickCount64 - regroupedAt;
            node.Log.Regrouped(firstStep, term, Leased.Count(), servers.Length, took);
            Notice($"going on from step {firstStep} with {Leased.Count()} {(Leased.Count() == 1 ? "worker" : "workers")} after {took / 1000.0:F1} s");
        }

        (begun, handedOver) = (true, false);
        Become(Training);
        if (interruptAsked)
            Hold();
        else
            JoinPrepared();
        LetLeave();
    }

    private void Wait(string what)
    {
        if (waitingFor == what)
            return;
        waitingFor = what;
        node.Log.WaitingForMembers(what);
        Notice($"waiting for nodes: {what}");
        Enter(WaitingForMembers);
        if (interruptAsked)
            StopWaiting();
    }

    /// <summary>The job is to end while it waits for nodes: with a checkpoint, if the servers are there and stand where it can be made.</summary>
    private void StopWaiting()
    {
        interruptAsked = true;
        if (stage != Stage.Leasing)
        {
            Release(JobStatus.Interrupted, $"stopped while it waited: {waitingFor}");
            return;
        }

        finalVersion = firstStep;
        Become(Saving);
        Read(firstStep);
    }

    private void Proceed()
    {
        if (waitingFor is null)
            return;
        waitingFor = null;
        Enter(begun ? Reforming : "preparing");
    }

    /// <summary>Nothing waits for ever.</summary>
    private void WatchRegrouping()
    {
        var deadlines = node.Settings.Deadlines;
        if (waitingFor is not null)
        {
            if (PhaseLasts(deadlines.Members))
                Fail(Late($"waited {deadlines.Members.TotalSeconds:F0} s for nodes: {waitingFor}"));
            // Nodes that have been there all along, too: those that a former coordinator had let go, or that were barred for a time.
            Recruit(job.MaxWorkers);
            Advance();
            return;
        }

        if (stage == Stage.Keeping)
        {
            if (PhaseLasts(deadlines.Prepare))
                Fail(Late($"waited {deadlines.Prepare.TotalSeconds:F0} s for a majority of the nodes that may be coordinator"));
        }
        else if (stage == Stage.Quieting)
        {
            // A slot in hand is finished first; one that takes longer than steps do is not waited for.
            var bound = deadlines.Silence > (stepTimes?.Deadline ?? deadlines.StepFloor) ? deadlines.Silence : stepTimes?.Deadline ?? deadlines.StepFloor;
            if (PhaseLasts(bound) && regrouping.Awaited.FirstOrDefault() is { } late)
                ExcludeByName(late, $"it did not stop within {bound.TotalSeconds:F0} s");
            else if (regrouping.Quiet && layout is not null && PhaseLasts(bound + deadlines.Saving(layout.Length)))
                Fail(Late($"waited {(bound + deadlines.Saving(layout.Length)).TotalSeconds:F0} s for what reads or writes the weights: {string.Join(", ", inHand)}"));
        }
        else if (!DataGetsOn && PhaseLasts(stage is Stage.Restoring or Stage.Choosing ? deadlines.Saving(layout!.Length) : deadlines.Prepare))
        {
            // Better with fewer workers than not at all.
            if (stage is Stage.Leasing or Stage.Linking && workers.Count > membership.Least && workers.Find(NotReady) is { } late)
                Exclude(late, $"it was not ready within {deadlines.Prepare.TotalSeconds:F0} s ({late.Phase})");
            else
                Fail(Late($"waited {deadlines.Prepare.TotalSeconds:F0} s for {string.Join(", ", NotReady())} to be ready"));
        }
    }

    private TrainingMessages.MemberFailed Late(string what) => new(id, node.Name, TrainingMessages.CauseRank.TimedOut, what, null, BadInput: false);
}
