namespace Distributed.Learning;

/// <summary>A training set whose images are changed at random each time they are drawn to train on.</summary>
/// <param name="inner">The data set; this one takes it over.</param>
/// <param name="augmentation">The changes.</param>
/// <param name="black">What a black pixel is, one number or one for each channel.</param>
internal sealed class AugmentedDataSet(IDataSet inner, Augmentation augmentation, float[] black) : IDataSet
{
    public int Count => inner.Count;

    public IReadOnlyList<long> InputShape => inner.InputShape;

    public int Classes => inner.Classes;

    public IReadOnlyList<long> TargetShape => inner.TargetShape;

    public int Tokens => inner.Tokens;

    public IReadOnlyList<long> ClassCounts => inner.ClassCounts;

    public ValueScale TargetScale => inner.TargetScale;

    public DataNotes Notes => inner.Notes;

    public Batch Gather(ReadOnlySpan<int> indices) => inner.Gather(indices);

    public Batch Draw(ReadOnlySpan<int> indices, long seed)
    {
        var batch = inner.Draw(indices, seed);
        return batch.Samples == 0 ? batch : augmentation.Apply(batch, seed, black);
    }

    public void Dispose() => inner.Dispose();
}
