using System.Diagnostics;
using Distributed.Cluster.Jobs;
using static TorchSharp.torch;

namespace Distributed.Cli.Planning;

/// <summary>Measures forward and backward of one slot on this machine, in float32, on inputs drawn at random: no data is needed.</summary>
internal static class SlotTime
{
    private const int WarmUps = 2;
    private const int Most = 30;
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(2);

    /// <summary>The median in milliseconds of up to 30 passes, or of as many as take two seconds.</summary>
    public static double Measure(Job job)
    {
        set_num_threads(job.Threads);
        using var module = job.Model.Build(job.Seed);
        long[] shape = [job.Batch / job.Slots, .. job.Model.Input];
        using var input = job.Model.TakesTokens ? randint(0, Math.Max(1, job.Model.Tokens ?? 1), shape, dtype: ScalarType.Int64) : rand(shape);
        var times = new List<double>();
        var since = Stopwatch.StartNew();
        for (var pass = 0; pass < WarmUps + 1 || (pass < WarmUps + Most && since.Elapsed < Enough); pass++)
        {
            var begin = Stopwatch.GetTimestamp();
            using (var scope = NewDisposeScope())
                module.call(input).sum().backward();
            if (pass >= WarmUps) times.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
        }

        times.Sort();
        return times[times.Count / 2];
    }
}
