using Akka.Actor;
using Distributed.Cluster.Checkpoints;
using Distributed.Cluster.Ledgers;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;
using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cluster.Coordination;

/// <summary>What a job's coordinator does to have its shards made, at the start and where a server is lost.</summary>
internal sealed partial class JobActor
{
    /// <summary>Whether gradients and weights travel over a network somewhere, as far as was known when the shards were cut.</summary>
    private bool streamed;

    /// <summary>The servers are made again: from the newest checkpoint, or from the beginning where there is none.</summary>
    private void Choose()
    {
        stage = Stage.Choosing;
        if (!begun)
        {
            GoBack(new Chosen(origin, []));
            return;
        }

        var (run, fallback) = (files.Folder, origin);
        Work("choose", () =>
        {
            var (newest, damaged) = RunCheckpoints.NewestOrNone(run);
            return new Chosen(newest ?? fallback, damaged);
        });
    }

    private void GoBack(Chosen chosen)
    {
        foreach (var damaged in chosen.Damaged)
            Notice($"warning: a checkpoint is damaged and skipped: {damaged}");
        origin = chosen.Checkpoint;
        unwritten?.Dispose();
        (unwritten, savesBest, modelSaved, finalVersion) = (null, false, false, null);
        firstStep = checkpointVersion = recordedBelow = FirstVersion;
        if (board is not null && begun)
        {
            if (board.Next > FirstVersion)
            {
                var where = origin is null ? "the beginning: there is no checkpoint" : $"checkpoint {origin.Folder}";
                node.Log.WentBack(board.Next, FirstVersion, where);
                Notice($"going back from step {board.Next} to {FirstVersion} ({(origin is null ? "there is no checkpoint yet" : "the newest checkpoint")})");
            }

            try
            {
                files.GoBack(job, FirstVersion);
                TakeOver(files.Earlier);
                ledger?.Dispose();
                ledger = null;
                BeginFigures(sampler!.Samples, evaluations!.TestSamples, FirstVersion);
            }
            catch (BadInputException exception)
            {
                Fail(MemberFailure.Describe(id, node.Name, exception));
                return;
            }
        }

        stage = Stage.Serving;
        Advance();
    }

    /// <summary>Where figures of the steps from the first one on are put together.</summary>
    private void BeginFigures(int samples, int testSamples, long from)
    {
        sampler = new SlotSampler(samples, job.Batch, job.Slots, job.Seed);
        learningRates = job.LearningRates(samples);
        evaluations = new EvaluationBoard(testSamples);
        evaluated.Clear();
        board = new StepBoard(job.Slots, from);
        ledger = new LedgerWriter(files.Folder, from, sampler, job.Seed, node.Log.Disk);
        earlierRestarts ??= ledger.Restarts;
    }

    /// <summary>Has shards made on the nodes that are there: fewer than the job asks for will do, since bits don't depend on the cut.</summary>
    private void Serve()
    {
        var names = ServersToUse();
        if (names.Count == 0)
        {
            Wait("it needs a server, and there is none");
            return;
        }

        Proceed();
        var known = layout!;
        var chosen = names.Select(name => nodes[name]).ToArray();
        var appended = known.Length - known.TrainableLength;
        streamed = job.SameHost == SameHost.Tcp
            || workers.Select(worker => worker.Node).Concat(chosen).DistinctBy(member => HostOf(member.Address)).Count() > 1;
        var shards = (streamed
                ? ShardPlan.CutForStreaming(known.TrainableLength, chosen.Length, appended)
                : ShardPlan.Cut(known.TrainableLength, chosen.Length, chosen.Min(server => server.Cores), appended));
        var backups = job.Backups == 0 ? [] : ShardPlan.Backups(shards, [.. chosen.Select(server => HostOf(server.Address))]);
        bytesOfLost += servers.Sum(server => server.BytesSent);
        var relays = job.SumsOnHosts && streamed
            ? ShardRelays([.. shards, .. backups], [.. chosen.Select(server => HostOf(server.Address))]) : [];
        // Of two homes on one host the second takes over what the first makes.
        var shared = backups.Count > 0 && !streamed && job.Precision == Precision.Float32 && job.Optimizer.NormExchanges == 0
            && ShardOptimizer.MomentRoom(job.Optimizer, known.Length) is not null;
        servers = [.. chosen.Select((server, i) => new ServerState(server, Of(shards, i, shared), Of(backups, i)) { Relayed = [.. Of(relays, i)] })];
        if (backups.Count > 0)
            node.Log.SecondHome("every shard has a backup on another server: a server's loss costs no step");
        else
            node.Log.SecondHome("no shard has a second home but the last checkpoint: a server's loss costs the steps since then");
        foreach (var server in servers)
        {
            node.Log.ShardsAssigned(server.Node.Name, string.Join(",", server.Held.Select(shard => shard.Shard)), server.Bytes, term);
            server.Node.Actor.Tell(new TrainingMessages.Serve(id, job.Text, secret, term, FirstVersion, known.Hash, server.Held, plateau?.Rate, server.Relayed));
        }

        // Of a host that has several workers now; where they come later, each goes its own way until shards are made again.
        IReadOnlyList<ShardRange> ShardRelays(IReadOnlyList<ShardRange> homes, IReadOnlyList<string> hosts) => RelayPlan.Relays(
            homes, hosts, NodesOf("worker").GroupBy(worker => HostOf(worker.Address)).Where(host => host.Count() > 1).Select(host => host.Key).ToHashSet());

        static IEnumerable<TrainingMessages.ShardDescription> Of(IEnumerable<ShardRange> shards, int server, bool shared = false) => shards
            .Where(shard => shard.Server == server)
            .Select(shard => new TrainingMessages.ShardDescription(shard.Shard, shard.Server, shard.Offset, shard.Length, shared));
    }

    private void Link()
    {
        DescribeServers();
        if (servers.Length > 1 && (job.Optimizer.NormExchanges > 0 || connect!.Shards.Any(shard => shard.Shared)))
            foreach (var server in servers)
                server.Node.Actor.Tell(connect!);
        if (origin is null)
        {
            Enlist();
            return;
        }

        stage = Stage.Restoring;
        Restore();
    }

    private void DescribeServers() =>
        connect = new TrainingMessages.Connect(
            id, layout!.Hash,
            [.. servers.Select(server => new TrainingMessages.ServerDescription(
                server.Node.Name, server.Endpoint!.Host, server.Endpoint.Port, server.Endpoint.UnixName, server.Endpoint.HostId))],
            HomesIn(server => server.Shards),
            streamed,
            HomesIn(server => server.Backups),
            HomesIn(server => server.Relayed));

    /// <summary>The worker's host, where it has several of the workers and a server, and some server is elsewhere.</summary>
    private TrainingMessages.HostGroup? GroupOf(WorkerState worker)
    {
        if (!job.SumsOnHosts || !streamed)
            return null;
        var host = HostOf(worker.Node.Address);
        var near = servers.Index().Where(server => HostOf(server.Item.Node.Address) == host).Select(server => server.Index).ToArray();
        var together = Leased.Where(other => HostOf(other.Node.Address) == host).ToArray();
        return near.Length == 0 || near.Length == servers.Length || together.Length < 2
            ? null
            : new TrainingMessages.HostGroup(near, [.. together.SelectMany(other => other.Slots).Order()]);
    }

    private TrainingMessages.ShardDescription[] HomesIn(Func<ServerState, IEnumerable<TrainingMessages.ShardDescription>> held) =>
        [.. servers.SelectMany((server, i) => held(server).Select(shard => shard with { Server = i })).OrderBy(shard => shard.Offset)];

    private static string HostOf(string address) => address.LastIndexOf(':') is > 0 and var end ? address[..end] : address;
}
