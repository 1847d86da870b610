using Akka.Actor;
using Distributed.Cluster.Data;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Protocol;
using Distributed.Learning;

namespace Distributed.Cluster.Coordination;

/// <summary>
/// What a job's coordinator does so that all workers read the same data: tells each what the others have before it reads its own, and passes questions for files on to
/// a node that has them.
/// </summary>
internal sealed partial class JobActor
{
    private const string DataWork = "data";

    private readonly Dictionary<string, IActorRef> comparing = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource lookingAtData = new();
    private readonly DataAgreement agreement;
    private DataSource? dataSource;
    private bool dataTold;

    /// <summary>When the coordinator's own node last got on with its files, in <see cref="Environment.TickCount64"/>.</summary>
    private long ownDataAt = Environment.TickCount64;

    private sealed record OwnData(DataManifest? Manifest);

    /// <summary>Whether some node gets on with looking at its data, or with receiving it: that takes as long as the data is large.</summary>
    private bool DataGetsOn
    {
        get
        {
            var bound = node.Settings.Deadlines.Prepare.TotalMilliseconds;
            return (inHand.Contains(DataWork) && Environment.TickCount64 - Volatile.Read(ref ownDataAt) < bound)
                || workers.Exists(worker => !worker.Prepared && Environment.TickCount64 - worker.Since < bound
                    && (worker.Phase.StartsWith(DataCheck.Hashing, StringComparison.Ordinal) || worker.Phase.StartsWith(DataCheck.Receiving, StringComparison.Ordinal)));
        }
    }

    /// <summary>Looks which of the job's files this node has.</summary>
    private void LookAtData() => Work(DataWork, () =>
    {
        try
        {
            var hashes = FileHashes.OfUser((_, _) => Volatile.Write(ref ownDataAt, Environment.TickCount64));
            return new OwnData(DataManifest.Read(job.Data, node.DataFolder, hashes, lookingAtData.Token));
        }
        catch (Exception exception) when (exception is BadInputException or OperationCanceledException)
        {
            // A coordinator needs no data; or the job has ended meanwhile.
            return new OwnData(null);
        }
    });

    private void ComparingData()
    {
        Receive<OwnData>(own =>
        {
            var manifest = own.Manifest is { Entries.Count: > 0 } ? own.Manifest : null;
            if (manifest is not null && !lookingAtData.IsCancellationRequested)
                dataSource = new DataSource(id, manifest, node.DataFolder);
            agreement.Look(manifest is null ? null : DataCheck.Summary(manifest));
            AnswerComparisons();
        });
        Receive<DataMessages.Compare>(compare =>
        {
            agreement.Take(compare.Node, compare.Has, compare.Agreed);
            if (!compare.Agreed)
                comparing[compare.Node] = Sender;
            _ = Heard(compare.Node, "worker");
            AnswerComparisons();
        });
        Receive<DataMessages.ListFiles>(list => GiveData(list with { Asker = Sender }, Sender));
        Receive<DataMessages.ReadChunk>(read => GiveData(read with { Asker = Sender }, Sender));
    }

    private void AnswerComparisons()
    {
        if (!dataTold && agreement.Reference is { } found)
        {
            dataTold = true;
            node.Log.DataAgreed(agreement.Holder ?? node.Name, found.Files, found.Bytes, found.Digest);
        }

        if (!agreement.IsDecided(workers.Select(worker => worker.Node.Name)))
            return;
        foreach (var asker in comparing.Values)
            asker.Tell(new DataMessages.Reference(id, agreement.Reference, agreement.Holder ?? "another node"));
        comparing.Clear();
    }

    private void GiveData(object question, IActorRef asker)
    {
        if (dataSource is { } source)
            source.Ask(question, answer => asker.Tell(answer, ActorRefs.NoSender));
        else if (agreement.Holder is { } holder && nodes.TryGetValue(holder, out var known))
            known.Actor.Tell(question);
        else
            asker.Tell(new DataMessages.NotHere(id, "no node has the job's data any more"));
    }
}
