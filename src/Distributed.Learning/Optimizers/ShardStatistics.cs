namespace Distributed.Learning;

/// <summary>
/// The end of the flat vector that no optimizer touches, as far as it lies in one shard: the running statistics of batch norms. Their new
/// values come from the old ones and the mean over slots that the shard has summed (<see cref="BatchNormLayer"/>).
/// </summary>
public sealed class ShardStatistics
{
    private readonly (long Start, int Floats, float Momentum)[] pieces;

    /// <summary>The statistics within a shard.</summary>
    /// <param name="layout">The layout of the whole vector.</param>
    /// <param name="offset">The shard's first float.</param>
    /// <param name="length">Its floats.</param>
    public ShardStatistics(ParameterLayout layout, long offset, long length)
    {
        var end = offset + length;
        Floats = Math.Max(0, end - Math.Max(offset, layout.TrainableLength));
        pieces = [.. layout.Entries.Where(entry => entry.Momentum is not null && entry.Offset < end && entry.Offset + entry.Count > offset)
            .Select(entry =>
            {
                var start = Math.Max(entry.Offset, offset);
                return (start - offset, (int)(Math.Min(entry.Offset + entry.Count, end) - start), (float)entry.Momentum!.Value);
            })];
    }

    /// <summary>Floats at the shard's end that are statistics, padding included; those before are the optimizer's.</summary>
    public long Floats { get; }

    /// <summary>One step of all statistics in the shard.</summary>
    /// <param name="from">Address of the whole shard's weights before.</param>
    /// <param name="to">Address of its weights after; may be <paramref name="from"/>.</param>
    /// <param name="gradient">Address of its summed gradient.</param>
    public unsafe void Step(IntPtr from, IntPtr to, IntPtr gradient)
    {
        foreach (var (start, floats, momentum) in pieces)
            RunningStatistics.Step(At(from, start, floats), At(to, start, floats), At(gradient, start, floats), momentum);

        static Span<float> At(IntPtr memory, long start, int floats) => new((float*)memory + start, floats);
    }
}
