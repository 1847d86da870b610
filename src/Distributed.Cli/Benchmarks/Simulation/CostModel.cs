namespace Distributed.Cli.Benchmarks.Simulation;

/// <summary>
/// The time of a step in closed form. Gradients leave from the last layer to the first while backward runs; weights come back from the first to
/// the last while the next forward runs; the first layers' gradients end the one and begin the other, so the two phases add up.
/// </summary>
internal static class CostModel
{
    /// <summary>Seconds of a step once steps follow each other.</summary>
    public static double Step(ExchangeScenario of) => Gradients(of) + Weights(of);

    /// <summary>From the end of forward until the first layers' shard is updated.</summary>
    public static double Gradients(ExchangeScenario of)
    {
        var own = Math.Max(1, of.Shards / of.Servers);
        // All hosts make the gradients of a shard at the same time: its server gets them one behind the other.
        var last = of.Others * of.Copies * of.ShardTransfer;
        // Where hosts have servers, its way out is shared with the first weights.
        var shared = of.Servers == 1 ? 0 : last;
        var ready = of.Backward / of.Shards;
        var latency = of.Others == 0 ? 0 : of.Latency;
        return Math.Max(
            Math.Max(of.Backward + of.HostSum + last + shared, ready + of.HostSum + (of.LinkBytes / of.BytesASecond) + shared) + latency + of.Update,
            Math.Max(ready + of.HostSum + last + latency + (own * of.Update), (of.Shards - own) * of.HostSum));
    }

    /// <summary>From then until the end of the next forward.</summary>
    public static double Weights(ExchangeScenario of)
    {
        var first = of.Others * of.Copies * of.ShardTransfer;
        var latency = of.Others == 0 ? 0 : of.Latency;
        return latency + Math.Max(of.Forward + first, (of.LinkBytes / of.BytesASecond) + (of.Forward / of.Shards));
    }
}
