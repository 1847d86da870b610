using BenchmarkDotNet.Attributes;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.ParameterServers;
using Distributed.Transport;

namespace Distributed.Benchmarks;

/// <summary>What a step and a job's start parse and decide; none of it allocates by the size of a model.</summary>
[MemoryDiagnoser]
public class ProtocolBenchmarks
{
    private static readonly FrameHeader Header = new()
    {
        Kind = FrameKind.Gradient,
        Term = 3,
        Version = 123_456,
        Shard = FrameHeader.AllShards,
        FirstSlot = 2,
        SlotCount = 1,
        Tag = 1L << 32,
    };

    private readonly FrameBuffer buffer = new(4096);
    private readonly byte[] body;
    private readonly string text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "jobs", "digits.hocon"));

    public ProtocolBenchmarks()
    {
        Header.Encode(buffer);
        body = buffer.Written[FrameHeader.PrefixBytes..].ToArray();
    }

    [Benchmark]
    public void Encode_a_frame()
    {
        buffer.Clear();
        Header.Encode(buffer);
    }

    [Benchmark]
    public long Decode_a_frame() => FrameHeader.Decode(body).Version;

    [Benchmark]
    public long Commit_a_step_of_eight_slots()
    {
        var rules = new StepRules(8, 0, 1);
        for (var slot = 0; slot < 8; slot++) rules.Offer(1, 0, new SlotRange(slot, 1));
        rules.Commit();
        return rules.Version;
    }

    [Benchmark]
    public string Read_a_job() => Job.Parse("digits.hocon", text, new JobOverrides()).Name;
}
