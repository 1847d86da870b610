using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;
using Distributed.Learning;
using Distributed.Transport;
using FsCheck.Xunit;

namespace Distributed.Cluster.Tests.ParameterServers;

public class ServerSegmentTests
{
    [Property(MaxTest = 200)]
    public void Every_float_of_a_servers_shards_has_one_place_and_neighbours_are_mapped_together(byte pages, byte servers, bool streamed)
    {
        var (length, count) = (pages * ShardPlan.PageFloats * 20 + 7, 1 + servers % 4);
        var plan = streamed ? ShardPlan.CutForStreaming(length, count) : ShardPlan.Cut(length, count, 4);
        for (var server = 0; server < count; server++)
        {
            var shards = plan.Where(shard => shard.Server == server)
                .Select(shard => new TrainingMessages.ShardDescription(shard.Shard, shard.Server, shard.Offset, shard.Length)).ToArray();
            var segment = new ServerSegment(shards);

            Assert.Equal(0, segment.Bytes % MemoryPages.Size);
            var end = 0L;
            foreach (var part in segment.PartsOf(shards))
            {
                Assert.Equal(end, part.Place);
                Assert.Equal(0, part.Offset % MemoryPages.Size);
                end = part.Place + part.Bytes;
            }

            Assert.InRange(segment.Bytes, Math.Max(end, 1), Math.Max(end, MemoryPages.Size));
            foreach (var shard in shards)
            {
                var part = segment.PartsOf(shards).Single(part => shard.Offset * sizeof(float) is var start && start >= part.Offset && start < part.Offset + part.Bytes);
                Assert.Equal(segment.PlaceOf(shard.Shard) - part.Place, shard.Offset * sizeof(float) - part.Offset);
                Assert.True((shard.Offset + shard.Length) * sizeof(float) <= part.Offset + part.Bytes);
            }

            long[] words = [segment.Announcement, .. shards.Select(shard => segment.AnnouncementOf(shard.Shard))];
            Assert.Equal(words.Length, words.Distinct().Count());
            Assert.All(words, word => Assert.InRange(word, 2 * segment.Bytes, segment.BytesInAll - sizeof(int)));

            if (!streamed || count == 1)
                Assert.InRange(segment.PartsOf(shards).Count, 0, 1);
        }
    }

    [Property(MaxTest = 200)]
    public void What_is_shared_has_a_place_of_its_own_and_moves_nothing_else(byte pages, byte which, bool adam)
    {
        var optimizer = adam ? new OptimizerSpec("adam", 1) : new OptimizerSpec("sgd", 1) { Momentum = 0.9 };
        var plan = ShardPlan.Cut((pages + 1) * ShardPlan.PageFloats * 20 + 7, 1, 4)
            .Select(shard => new TrainingMessages.ShardDescription(shard.Shard, 0, shard.Offset, shard.Length)).ToArray();
        TrainingMessages.ShardDescription[] shards = [.. plan.Select(shard => shard with { Shared = (which >> shard.Shard & 1) == 1 })];
        var (plain, segment) = (new ServerSegment(plan), new ServerSegment(shards, default, optimizer));

        // Workers work out where weights and announcements are without a thought for what is shared.
        Assert.Equal((plain.Bytes, plain.Announcement), (segment.Bytes, segment.Announcement));
        Assert.Equal(plain.BytesInAll, new ServerSegment(shards).BytesInAll);
        var taken = new List<(long Start, long End)> { (0, 2 * segment.Bytes), (segment.Announcement, segment.Announcement + sizeof(int)) };
        foreach (var shard in shards)
        {
            Assert.Equal((plain.PlaceOf(shard.Shard), plain.AnnouncementOf(shard.Shard)), (segment.PlaceOf(shard.Shard), segment.AnnouncementOf(shard.Shard)));
            taken.Add((segment.AnnouncementOf(shard.Shard), segment.AnnouncementOf(shard.Shard) + sizeof(int)));
            taken.Add((segment.WholeOf(shard.Shard), segment.WholeOf(shard.Shard) + sizeof(int)));
            if (!shard.Shared)
                continue;
            var room = ShardOptimizer.MomentRoom(optimizer, shard.Length)!.Value;
            Assert.True(room >= (adam ? 2 : 1) * shard.Length * sizeof(float));
            var (even, odd) = segment.MomentsOf(shard.Shard);
            Assert.Equal(0, (even | odd) % MemoryPages.Size);
            taken.Add((even, even + room));
            taken.Add((odd, odd + room));
        }

        taken.Sort();
        Assert.All(taken.Zip(taken.Skip(1)), neighbours => Assert.True(neighbours.First.End <= neighbours.Second.Start));
        Assert.True(taken[^1].End <= segment.BytesInAll);
    }
}
