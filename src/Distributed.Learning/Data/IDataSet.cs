namespace Distributed.Learning;

/// <summary>Labelled samples that lie in memory and are gathered by index.</summary>
public interface IDataSet : IDisposable
{
    /// <summary>How many samples there are.</summary>
    int Count { get; }

    /// <summary>The shape of one sample, without the batch dimension: <c>[channels, height, width]</c> for images.</summary>
    IReadOnlyList<long> InputShape { get; }

    /// <summary>How many classes the targets come from; every target is in [0, Classes). 0 where the targets are values.</summary>
    int Classes { get; }

    /// <summary>The shape of one sample's target: empty for a class, <c>[time]</c> for a class at each place, <c>[outputs]</c> for values.</summary>
    IReadOnlyList<long> TargetShape => [];

    /// <summary>How many token numbers the inputs come from, every one in [0, Tokens); 0 where the inputs are no tokens.</summary>
    int Tokens => 0;

    /// <summary>How often each class is a target, so that rare classes can weigh more; empty where the targets are values.</summary>
    IReadOnlyList<long> ClassCounts => [];

    /// <summary>How values of targets become what the data's source says; the identity for classes.</summary>
    ValueScale TargetScale => ValueScale.Identity;

    /// <summary>What else is known of the data, for people.</summary>
    DataNotes Notes => DataNotes.None;

    /// <summary>
    /// Copies the samples of the given indices into a batch, in their order. Safe to call from several threads.
    /// The tensors are free of any dispose scope: the caller owns the batch.
    /// </summary>
    /// <param name="indices">Sample numbers in [0, Count); may be empty.</param>
    Batch Gather(ReadOnlySpan<int> indices);

    /// <summary>
    /// The batch to train on: as <see cref="Gather"/>, but with the random changes that a training set may make to its samples
    /// (augmented images, shifted windows). A pure function of its arguments.
    /// </summary>
    /// <param name="indices">Sample numbers in [0, Count); may be empty.</param>
    /// <param name="seed">Where the changes come from: <see cref="SlotSampler.SlotSeed"/>.</param>
    Batch Draw(ReadOnlySpan<int> indices, long seed) => Gather(indices);
}
