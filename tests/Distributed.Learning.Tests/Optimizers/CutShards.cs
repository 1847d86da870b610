namespace Distributed.Learning.Tests;

/// <summary>Trains one flat vector as several shards, each on a thread of its own, that exchange norms in process. As a shard sums
/// them, gradients are made piece by piece in one scratch. What is rounded is checked on the way.</summary>
internal static unsafe class CutShards
{
    public static float[] Train(
        OptimizerSpec spec, ParameterLayout layout, float[] start, IReadOnlyList<float[]> gradients, IReadOnlyList<long> cuts, double? rate = null,
        int? resumedAt = null)
    {
        var result = new float[start.Length];
        var exchange = new Exchange(cuts.Count - 1);
        var failures = new List<Exception>();
        var threads = Enumerable.Range(0, cuts.Count - 1).Select(shard => new Thread(() =>
        {
            try
            {
                var (from, count) = ((int)cuts[shard], (int)(cuts[shard + 1] - cuts[shard]));
                using var a = new FloatMemory(start.AsSpan(from, count));
                using var b = new FloatMemory(count);
                using var rounded = new FloatMemory(count);
                using var expected = new FloatMemory(count);
                using var scratch = new FloatMemory(2 * ShardOptimizer.PieceFloats);
                var optimizer = new ShardOptimizer(spec, layout, from, count);
                for (var step = 0; step < gradients.Count; step++)
                {
                    if (step == resumedAt) optimizer = Resumed(optimizer, new ShardOptimizer(spec, layout, from, count));
                    var (before, after) = step % 2 == 0 ? (a, b) : (b, a);
                    optimizer.Step(before.Address, after.Address, new Copied(gradients[step], from, scratch), rate, exchange, rounded.Address);
                    Bfloat16.Round((float*)after.Address, (ushort*)expected.Address, count);
                    Assert.True(expected.Bytes[..(count * sizeof(ushort))].SequenceEqual(rounded.Bytes[..(count * sizeof(ushort))]));
                }
                optimizer.Dispose();
                (gradients.Count % 2 == 0 ? a : b).Span.CopyTo(result.AsSpan(from));
            }
            catch (Exception failure)
            {
                // Handed to the test's own thread; the barrier's deadline ends the others.
                lock (failures) failures.Add(failure);
            }
        })).ToArray();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        return failures.Count == 0 ? result : throw new AggregateException(failures);
    }

    private static ShardOptimizer Resumed(ShardOptimizer saved, ShardOptimizer fresh)
    {
        using (saved)
        {
            using var state = new MemoryStream();
            saved.SaveState(state);
            state.Position = 0;
            fresh.LoadState(state);
            return fresh;
        }
    }

    private sealed class Copied(float[] gradient, int from, FloatMemory scratch) : IShardGradient
    {
        public IntPtr Sum(long start, long floats)
        {
            gradient.AsSpan(from + (int)start, (int)floats).CopyTo(scratch.Span);
            return scratch.Address;
        }

        // Halves, whose sum is exact.
        public (IntPtr First, IntPtr Second) Addends(long start, long floats)
        {
            for (var i = 0; i < floats; i++)
                scratch.Span[i] = scratch.Span[(int)floats + i] = gradient[from + (int)start + i] / 2;
            return (scratch.Address, scratch.Address + (nint)(floats * sizeof(float)));
        }
    }

    private sealed class Exchange(int shards) : INormExchange
    {
        private readonly Barrier barrier = new(shards);
        private double[] shared = [];

        public void Complete(double[] sums, int kinds, int first, int count)
        {
            lock (barrier)
                if (shared.Length != sums.Length) shared = new double[sums.Length];
            Wait();
            var parts = sums.Length / kinds;
            for (var kind = 0; kind < kinds; kind++)
                sums.AsSpan(kind * parts + first, count).CopyTo(shared.AsSpan(kind * parts + first));
            Wait();
            shared.CopyTo(sums, 0);
            Wait();
        }

        private void Wait()
        {
            if (!barrier.SignalAndWait(TimeSpan.FromSeconds(20))) throw new TimeoutException("a shard did not come to the exchange");
        }
    }
}
