using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;
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
}
