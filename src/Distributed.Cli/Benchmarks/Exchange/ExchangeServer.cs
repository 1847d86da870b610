using System.Text.Json;
using Distributed.Cluster.Configuration;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Launching;
using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;

namespace Distributed.Cli.Benchmarks.Exchange;

/// <summary>
/// A parameter server's process in the benchmark: shards, links and updates are those of training, only the actors around them are not there.
/// </summary>
internal static class ExchangeServer
{
    /// <summary>An order to serve (JSON, a line) comes in, the address of the data plane goes out; ends with its input.</summary>
    /// <param name="node">The server's name.</param>
    /// <param name="error">Hears why the process ends where something fails.</param>
    public static void Serve(string node, TextReader input, TextWriter output, TextWriter error)
    {
        var deadlines = ClusterConfig.Load(null).Trainer.Deadlines;
        var servers = new List<ShardServer>();
        try
        {
            while (input.ReadLine() is { } line)
            {
                var order = JsonSerializer.Deserialize<TrainingMessages.Serve>(line)!;
                var server = new ShardServer(
                    Job.Parse("exchange", order.JobText, new JobOverrides()), order, node, "127.0.0.1", 0, deadlines, refusal => Fail(refusal.Reason),
                    (exception, _, _) => Fail(exception.Message));
                servers.Add(server);
                foreach (var shard in server.Shards) shard.Start();
                var endpoint = server.Endpoint;
                output.WriteLine(JsonSerializer.Serialize(
                    new TrainingMessages.ServerDescription(node, endpoint.Host, endpoint.Port, endpoint.UnixName, endpoint.HostId)));
                output.Flush();
            }
        }
        finally
        {
            foreach (var server in servers) server.Dispose();
        }

        void Fail(string reason)
        {
            error.WriteLine(ExitCodes.Line($"{node}: {reason}"));
            ProcessEnd.Now(ExitCodes.Failed);
        }
    }
}
