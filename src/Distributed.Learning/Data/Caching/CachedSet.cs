using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>A data set that can be written to the cache and made again of what was written.</summary>
internal interface ICacheable : IDataSet
{
    /// <summary>Everything about the set besides its numbers.</summary>
    CachedSet Describe();

    /// <summary>Its numbers; they stay the set's.</summary>
    IReadOnlyList<Tensor> Tensors { get; }
}

/// <summary>What the cache keeps of a data set besides its numbers.</summary>
internal sealed record CachedSet
{
    /// <summary>Where its tensors lie, in the order of <see cref="ICacheable.Tensors"/>.</summary>
    public IReadOnlyList<CachedTensor> Tensors { get; init; } = [];

    public required int Classes { get; init; }

    public int Tokens { get; init; }

    /// <summary>Tokens of a window; 0 for samples that lie apart.</summary>
    public int Time { get; init; }

    /// <summary>Whether windows are shifted at random when they are trained on.</summary>
    public bool Shifted { get; init; }

    public IReadOnlyList<double> Means { get; init; } = [];

    public IReadOnlyList<double> Deviations { get; init; } = [];

    public double TargetScale { get; init; } = 1;

    public double TargetOffset { get; init; }

    public IReadOnlyList<string> ClassNames { get; init; } = [];

    /// <summary>Which of the file's vocabularies is the set's; below 0: none.</summary>
    public int Vocabulary { get; init; } = -1;

    public int SkippedRows { get; init; }

    public string? FirstSkippedRow { get; init; }

    public IReadOnlyList<string> Findings { get; init; } = [];

    /// <summary>Makes the data set again.</summary>
    /// <param name="tensors">Its tensors; taken over.</param>
    /// <param name="vocabularies">Those of the file.</param>
    /// <param name="release">Called when the tensors are no longer in use.</param>
    public IDataSet Restore(Tensor[] tensors, IReadOnlyList<Vocabulary> vocabularies, Action release)
    {
        var notes = new DataNotes
        {
            ClassNames = ClassNames,
            Vocabulary = Vocabulary < 0 ? null : vocabularies[Vocabulary],
            SkippedRows = SkippedRows,
            FirstSkippedRow = FirstSkippedRow,
            Findings = Findings,
        };
        return Time > 0
            ? new TextWindows(tensors[0], Time, Classes, Shifted, release) { Notes = notes }
            : new TensorDataSet(tensors[0], tensors[1], Classes, new Pixels(Means, Deviations), release)
            {
                Tokens = Tokens,
                TargetScale = new ValueScale(TargetScale, TargetOffset),
                Notes = notes,
            };
    }

    /// <summary>The part of a description that every kind of set has.</summary>
    public static CachedSet Of(IDataSet set) => new()
    {
        Classes = set.Classes,
        Tokens = set.Tokens,
        TargetScale = set.TargetScale.Scale,
        TargetOffset = set.TargetScale.Offset,
        ClassNames = set.Notes.ClassNames,
        SkippedRows = set.Notes.SkippedRows,
        FirstSkippedRow = set.Notes.FirstSkippedRow,
        Findings = set.Notes.Findings,
    };
}

/// <summary>A tensor of a cache file.</summary>
/// <param name="Type">The type of its elements.</param>
/// <param name="Shape">Its sizes.</param>
/// <param name="Offset">Where it begins, in bytes behind the file's description.</param>
internal sealed record CachedTensor(ScalarType Type, IReadOnlyList<long> Shape, long Offset)
{
    /// <summary>How many elements it has.</summary>
    public long Elements => Shape.Aggregate(1L, (product, size) => checked(product * size));

    /// <summary>How long it is in bytes.</summary>
    public long Bytes => checked(Elements * FlatTensor.BytesOf(Type));
}
