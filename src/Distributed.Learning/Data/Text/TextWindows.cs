using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// A long text as samples to predict the next token from: windows of <c>time</c> tokens, one after another, and as targets the same
/// windows one token later. To train on, each window may begin anywhere up to the beginning of the next one, drawn anew each time:
/// the model sees the text cut at ever other places, and still all of it in an epoch.
/// </summary>
internal sealed class TextWindows : ICacheable
{
    private readonly Tensor tokens;
    private readonly Tensor windows;
    private Action? release;
    private readonly long time;
    private readonly bool shifted;

    /// <summary>Takes over the tokens.</summary>
    /// <param name="tokens">Uint8 or int32 numbers in [0, classes), more than <paramref name="time"/>.</param>
    /// <param name="time">Tokens in a window.</param>
    /// <param name="classes">How many different tokens there may be.</param>
    /// <param name="shifted">Whether <see cref="Draw"/> moves the windows.</param>
    /// <param name="release">Called when the tokens are no longer in use.</param>
    public TextWindows(Tensor tokens, int time, int classes, bool shifted, Action? release = null)
    {
        this.tokens = tokens.DetachFromDisposeScope();
        this.release = release;
        this.time = time;
        this.shifted = shifted;
        Count = (int)((tokens.shape[0] - 1) / time);
        InputShape = [time];
        Classes = classes;
        // Every window there is, as a view: no memory besides the tokens.
        windows = tokens.unfold(0, time + 1, 1).DetachFromDisposeScope();
        using (var counts = tokens.bincount(null, classes)) ClassCounts = counts.data<long>().ToArray();
    }

    public int Count { get; }

    public IReadOnlyList<long> InputShape { get; }

    public IReadOnlyList<long> TargetShape => InputShape;

    public int Classes { get; }

    public int Tokens => Classes;

    public IReadOnlyList<long> ClassCounts { get; }

    public DataNotes Notes { get; init; } = DataNotes.None;

    public IReadOnlyList<Tensor> Tensors => [tokens];

    public CachedSet Describe() => CachedSet.Of(this) with { Time = (int)time, Shifted = shifted };

    public Batch Gather(ReadOnlySpan<int> indices) => Windows(indices, null);

    public Batch Draw(ReadOnlySpan<int> indices, long seed) =>
        Windows(indices, shifted ? new Xoshiro256(unchecked((ulong)seed)) : null);

    public void Dispose()
    {
        windows.Dispose();
        tokens.Dispose();
        Interlocked.Exchange(ref release, null)?.Invoke();
    }

    private Batch Windows(ReadOnlySpan<int> indices, Xoshiro256? random)
    {
        var last = windows.size(0) - 1;
        using var guard = no_grad();
        using var rows = LeanCalls.Longs(indices.Length, out var starts);
        for (var i = 0; i < starts.Length; i++)
        {
            if ((uint)indices[i] >= (uint)Count)
                throw new ArgumentOutOfRangeException(nameof(indices), indices[i], $"expected sample numbers in [0, {Count})");
            starts[i] = Math.Min(indices[i] * time + (random?.Below((int)time) ?? 0), last);
        }
        using var small = windows.index_select(0, rows);
        using var both = small.to_type(ScalarType.Int64);
        using var inputs = both.narrow(1, 0, time);
        using var targets = both.narrow(1, 1, time);
        return new Batch(inputs.contiguous().DetachFromDisposeScope(), targets.contiguous().DetachFromDisposeScope(), starts.Length);
    }
}
