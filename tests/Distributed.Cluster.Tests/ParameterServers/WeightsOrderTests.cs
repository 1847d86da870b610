using Distributed.Cluster.ParameterServers;
using FsCheck.Xunit;

namespace Distributed.Cluster.Tests.ParameterServers;

public class WeightsOrderTests
{
    [Property(MaxTest = 200)]
    public void Weights_go_out_version_by_version_in_the_order_of_the_flat_vector_and_as_early_as_that_allows(byte count, int seed)
    {
        var random = new Random(seed);
        int[] shards = [.. Enumerable.Range(0, 1 + count % 9).Select(i => 3 * i + 1)];
        var order = new WeightsOrder(shards, version: 6);
        var sent = new List<(int Shard, long Version)>();
        for (var version = 7L; version < 10; version++)
        {
            var committed = new HashSet<int>();
            foreach (var shard in shards.OrderBy(_ => random.Next()))
            {
                order.Committed(shard, version, (turn, of) => sent.Add((turn, of)));
                committed.Add(shard);
                var ready = shards.TakeWhile(committed.Contains).Select(turn => (turn, version));
                Assert.Equal(ready, sent.Where(frame => frame.Version == version));
            }
        }

        Assert.Equal(shards.Length * 3, sent.Count);
    }
}
