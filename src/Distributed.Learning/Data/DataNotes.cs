namespace Distributed.Learning;

/// <summary>What is known of a data set besides its samples, for reports and for turning predictions back into words.</summary>
public sealed record DataNotes
{
    /// <summary>Nothing is known.</summary>
    public static DataNotes None { get; } = new();

    /// <summary>What the classes are called, in the order of their numbers; empty where they have no names.</summary>
    public IReadOnlyList<string> ClassNames { get; init; } = [];

    /// <summary>What the tokens of the inputs stand for; null where the inputs are no tokens or plain numbers.</summary>
    public Vocabulary? Vocabulary { get; init; }

    /// <summary>Rows that were left out because of <c>on-bad-row = skip</c>, over all files of the data.</summary>
    public int SkippedRows { get; init; }

    /// <summary>Where the first of them is and what is wrong there; null where none was left out.</summary>
    public string? FirstSkippedRow { get; init; }

    /// <summary>What the reader found and did, a line each: kinds of columns, missing values and what fills them, unknown words.</summary>
    public IReadOnlyList<string> Findings { get; init; } = [];
}
