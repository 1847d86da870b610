using Distributed.Cluster.Protocol;
using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// Those of a server's shards that are second homes and have their first one on this host, in a server that shares its memory
/// (<see cref="TrainingMessages.ShardDescription"/>): they take over its updates.
/// </summary>
/// <param name="shards">All shards of the server, by number.</param>
/// <param name="format">How the flat vector lies in memory.</param>
/// <param name="optimizer">The job's optimizer.</param>
internal sealed class SecondHomes(IReadOnlyDictionary<int, Shard> shards, FlatFormat format, OptimizerSpec optimizer) : IDisposable
{
    private readonly Lock gate = new();
    private readonly List<(Link Link, Shard[] Shards)> servers = [];
    private IReadOnlyCollection<string>? known;
    private bool closed;

    private bool IsClosed
    {
        get
        {
            lock (gate)
                return closed;
        }
    }

    /// <summary>Maps the memory of the servers that have such first homes, and has the shards follow these.</summary>
    /// <param name="all">All servers and what they hold.</param>
    /// <param name="me">This server.</param>
    /// <param name="dial">Opens a link to a server.</param>
    public void Map(TrainingMessages.Connect all, string me, Func<TrainingMessages.ServerDescription, Link> dial)
    {
        foreach (var server in all.Shards.Where(shard => shard.Shared && shards.ContainsKey(shard.Shard)).GroupBy(shard => shard.Server))
        {
            var description = all.Servers[server.Key];
            if (description.Node != me && !IsClosed && Open(description) is { } link)
                Follow(link, new ServerSegment(all.PlacedAt(server.Key), format, optimizer), [.. server.Select(shard => shards[shard.Shard])]);
        }

        Link? Open(TrainingMessages.ServerDescription server)
        {
            try
            {
                return dial(server);
            }
            catch (LinkException)
            {
                // Whoever is lost is noticed elsewhere. Until then, and without it, the shards make their updates themselves.
                return null;
            }
        }
    }

    /// <summary>Goes on without the first homes on servers that are no members any more.</summary>
    public void LeaveAllBut(IReadOnlyCollection<string> members)
    {
        (Link Link, Shard[] Shards)[] left;
        lock (gate)
        {
            known = members;
            left = [.. servers.Where(server => !members.Contains(server.Link.Peer.Node))];
            servers.RemoveAll(server => !members.Contains(server.Link.Peer.Node));
        }

        foreach (var (link, mine) in left)
        {
            foreach (var shard in mine)
                shard.Leave();
            link.Dispose();
        }
    }

    /// <summary>No further shard begins to follow its first home.</summary>
    public void Close()
    {
        lock (gate)
            closed = true;
    }

    /// <summary>Unmaps the memory; the shards are disposed of already.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            servers.ForEach(server => server.Link.Dispose());
            servers.Clear();
        }
    }

    private void Follow(Link link, ServerSegment places, Shard[] mine)
    {
        lock (gate)
        {
            // Over TCP (from another container, say) there is no memory to take updates from: the shards go on making them.
            if (closed || link.PeerSegment is not { } segment || segment.Bytes < places.BytesInAll || known?.Contains(link.Peer.Node) == false)
            {
                link.Dispose();
                return;
            }

            servers.Add((link, mine));
            foreach (var shard in mine)
                shard.Follow(new FirstHome(segment, places, shard.Range.Shard));
        }
    }
}
