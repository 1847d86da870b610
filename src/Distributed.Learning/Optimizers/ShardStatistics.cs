namespace Distributed.Learning;

/// <summary>
/// The end of the flat vector that no optimizer touches, as far as it lies in one shard: the running statistics of batch norms. Their new
/// values come from the old ones and the mean over slots that the shard has summed (<see cref="BatchNormLayer"/>).
/// </summary>
public sealed class ShardStatistics
{
    private readonly (long Start, int Floats, float Momentum)[] pieces;

    private ShardStatistics() => pieces = [];

    /// <summary>Of a shard that is all parameters.</summary>
    public static ShardStatistics None { get; } = new();

    /// <summary>The statistics within a shard.</summary>
    /// <param name="layout">The layout of the whole vector.</param>
    /// <param name="offset">The shard's first float.</param>
    /// <param name="length">Its floats.</param>
    public ShardStatistics(ParameterLayout layout, long offset, long length)
    {
        var end = offset + length;
        Floats = Math.Max(0, end - Math.Max(offset, layout.TrainableLength));
        pieces = [.. layout.Entries.Where(entry => entry.Momentum is not null && entry.Offset < end && entry.Offset + entry.Count > offset)
            .SelectMany(entry => Pieces(Math.Max(entry.Offset, offset) - offset, Math.Min(entry.Offset + entry.Count, end) - offset, (float)entry.Momentum!.Value))];

        static IEnumerable<(long, int, float)> Pieces(long start, long end, float momentum)
        {
            for (; start < end; start += ShardOptimizer.PieceFloats) yield return (start, (int)Math.Min(ShardOptimizer.PieceFloats, end - start), momentum);
        }
    }

    /// <summary>Floats at the shard's end that are statistics, padding included; those before are the optimizer's.</summary>
    public long Floats { get; }

    /// <summary>One step of all statistics in the shard.</summary>
    /// <param name="from">Address of the whole shard's weights before.</param>
    /// <param name="to">Address of its weights after; may be <paramref name="from"/>.</param>
    /// <param name="gradient">Address of its summed gradient.</param>
    public void Step(IntPtr from, IntPtr to, IntPtr gradient) => Step(from, to, new GradientInPlace(gradient));

    /// <summary>One step of all statistics in the shard.</summary>
    /// <param name="from">Address of the whole shard's weights before.</param>
    /// <param name="to">Address of its weights after; may be <paramref name="from"/>.</param>
    /// <param name="gradient">Its summed gradient.</param>
    public unsafe void Step(IntPtr from, IntPtr to, IShardGradient gradient)
    {
        foreach (var (start, floats, momentum) in pieces)
            RunningStatistics.Step(At(from, start, floats), At(to, start, floats), new Span<float>((float*)gradient.Sum(start, floats), floats), momentum);

        static Span<float> At(IntPtr memory, long start, int floats) => new((float*)memory + start, floats);
    }
}
