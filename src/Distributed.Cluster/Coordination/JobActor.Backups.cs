using Distributed.Cluster.Monitoring;

namespace Distributed.Cluster.Coordination;

/// <summary>
/// What a job's coordinator does with the second homes of shards. A backup is given every gradient and makes every update, as the first home
/// does, so it takes over by being followed; nothing is copied and no step is lost.
/// </summary>
internal sealed partial class JobActor
{
    private static readonly TimeSpan BetweenAttemptsToSpread = TimeSpan.FromSeconds(30);

    private bool serverLinkLost;
    private bool spreading;
    private long spreadFrom;

    /// <summary>
    /// Has workers follow the shards of lost servers on those that are left. True where all shards are there, as they are where nobody is lost;
    /// otherwise servers have to be made again.
    /// </summary>
    private bool PromoteBackups()
    {
        if (rebuild)
            return false;
        var lost = servers.Where(server => server.Released).ToArray();
        if (lost.Length == 0)
            return true;
        var left = servers.Except(lost).ToArray();
        var orphans = lost.SelectMany(server => server.Shards)
            .Select(shard => (Shard: shard, Home: Array.Find(left, server => server.Backups.Exists(backup => backup.Shard == shard.Shard)))).ToArray();
        if (Array.Exists(orphans, orphan => orphan.Home is null))
            return false;
        foreach (var (shard, home) in orphans)
        {
            home!.Backups.RemoveAll(backup => backup.Shard == shard.Shard);
            home.Shards.Add(shard with { Shared = false });
        }

        bytesOfLost += lost.Sum(server => server.BytesSent);
        servers = left;
        serverLinkLost = false;
        DescribeServers();
        node.Log.BackupsPromoted(string.Join(", ", lost.Select(server => server.Node.Name)), string.Join(", ", orphans.Select(orphan => orphan.Shard.Shard)));
        var homeless = HomesIn(server => server.Shards).Length - HomesIn(server => server.Backups).Length;
        Notice(homeless == 0 ? "backups took over" : "backups took over; until another server joins, not every shard has a second home");
        return true;
    }

    /// <summary>Servers have lost each other, and all of them answer: what they need of each other only new ones will have.</summary>
    private void LinkServersAnew()
    {
        serverLinkLost = false;
        Regroup("the servers have lost each other", again: true);
    }

    /// <summary>
    /// A server that has come, or come back, is given shards: the steps so far are put into a checkpoint while all wait, from which shards are
    /// made again on all servers.
    /// </summary>
    private void WatchForServers()
    {
        if (IsCheckpointing || Environment.TickCount64 < spreadFrom)
            return;
        var names = ServersToUse();
        if (names.Count <= servers.Length)
            return;
        spreading = true;
        Notice($"{string.Join(", ", names.Except(servers.Select(server => server.Node.Name)))} joins as a server");
        Hold();
    }

    private IReadOnlyList<string> ServersToUse() =>
        membership.Servers(NodesOf("server").Select(known => known.Name), [.. servers.Select(server => server.Node.Name)], job.Servers);

    /// <summary>The checkpoint that was waited for is written, or is not.</summary>
    private void Spread(Exception? cause)
    {
        if (cause is null)
            Regroup("a server joins", again: true);
        else
            GoOn();
    }
}
