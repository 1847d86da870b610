using Distributed.Cluster.ParameterServers;
using FsCheck.Xunit;

namespace Distributed.Cluster.Tests;

public class StatisticsPlacementTests
{
    [Property]
    public void What_is_appended_goes_to_the_last_shard_and_every_shard_has_something_to_train(ushort pages, byte rest, byte servers, byte appended)
    {
        var trainable = pages * ShardPlan.PageFloats + (rest + 1) * 3;
        var behind = appended * 16L;
        var plan = ShardPlan.Cut(trainable, 1 + servers % 9, 2, behind);
        var end = 0L;
        foreach (var shard in plan)
        {
            Assert.Equal(end, shard.Offset);
            Assert.Equal(0, shard.Offset % ShardPlan.PageFloats);
            Assert.True(shard.Offset < trainable);
            end = shard.End;
        }
        Assert.Equal(trainable + behind, end);
    }
}
