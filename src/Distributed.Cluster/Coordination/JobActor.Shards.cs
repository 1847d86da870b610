using Akka.Actor;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;
using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cluster.Coordination;

/// <summary>Which server holds what of the flat parameter vector.</summary>
internal sealed partial class JobActor
{
    private void PlaceShards(ParameterLayout known)
    {
        layout = known;
        var appended = known.Length - known.TrainableLength;
        var shards = (Streamed
                ? ShardPlan.CutForStreaming(known.TrainableLength, servers.Length, appended)
                : ShardPlan.Cut(known.TrainableLength, servers.Length, servers.Min(server => server.Node.Cores), appended))
            .Select(shard => new TrainingMessages.ShardDescription(shard.Shard, shard.Server, shard.Offset, shard.Length)).ToArray();
        servers = [.. servers.Select((server, i) => new ServerState(server.Node, [.. shards.Where(shard => shard.Server == i)]))];
        foreach (var server in servers)
        {
            node.Log.ShardsAssigned(server.Node.Name, string.Join(",", server.Shards.Select(shard => shard.Shard)), server.Bytes, Term);
            server.Node.Actor.Tell(new TrainingMessages.Serve(id, job.Text, secret, Term, FirstVersion, known.Hash, server.Shards, plateau?.Rate));
        }
    }

    private void DescribeServers() =>
        connect = new TrainingMessages.Connect(
            id, layout!.Hash,
            [.. servers.Select(server => new TrainingMessages.ServerDescription(
                server.Node.Name, server.Endpoint!.Host, server.Endpoint.Port, server.Endpoint.UnixName, server.Endpoint.HostId))],
            [.. servers.SelectMany(server => server.Shards).OrderBy(shard => shard.Offset)],
            Streamed);

    /// <summary>Whether gradients and weights travel over a network somewhere.</summary>
    private bool Streamed =>
        job.SameHost == SameHost.Tcp
        || workers.Select(worker => worker.Node).Concat(servers.Select(server => server.Node)).DistinctBy(member => HostOf(member.Address)).Count() > 1;

    private static string HostOf(string address) => address.LastIndexOf(':') is > 0 and var end ? address[..end] : address;
}
