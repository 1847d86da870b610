namespace Distributed.Learning;

/// <summary>Labelled samples that lie in memory and are gathered by index.</summary>
public interface IDataSet : IDisposable
{
    /// <summary>How many samples there are.</summary>
    int Count { get; }

    /// <summary>The shape of one sample, without the batch dimension: <c>[channels, height, width]</c> for images.</summary>
    IReadOnlyList<long> InputShape { get; }

    /// <summary>How many classes the targets come from; every target is in [0, Classes).</summary>
    int Classes { get; }

    /// <summary>
    /// Copies the samples of the given indices into a batch, in their order. Safe to call from several threads.
    /// The tensors are free of any dispose scope: the caller owns the batch.
    /// </summary>
    /// <param name="indices">Sample numbers in [0, Count); may be empty.</param>
    Batch Gather(ReadOnlySpan<int> indices);
}
