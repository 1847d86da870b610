namespace Distributed.Learning;

/// <summary>
/// What happens to rows that can't be used: <c>on-bad-row = error</c> ends the reading, <c>skip</c> leaves them out and counts them.
/// </summary>
internal sealed class RowProblems(bool skip)
{
    /// <summary>Reads the key <c>on-bad-row</c>: whether bad rows are skipped.</summary>
    public static bool ReadSkip(SettingsSection section) => section.OneOf("on-bad-row", "error", "error", "skip") == "skip";

    /// <summary>Rows left out so far.</summary>
    public int Skipped { get; private set; }

    /// <summary>Place and problem of the first row left out; null where there is none.</summary>
    public string? First { get; private set; }

    /// <summary>Refuses a row, or counts it.</summary>
    /// <param name="file">The file.</param>
    /// <param name="line">Its line, counted from 1.</param>
    /// <param name="column">The column's name; null where the whole row is meant.</param>
    /// <param name="problem">What was expected and what came.</param>
    /// <exception cref="BadInputException">Bad rows are errors here.</exception>
    public void Report(string file, int line, string? column, string problem)
    {
        var told = $"{file}:{line}: {(column is null ? "" : $"column {column}: ")}{problem}";
        if (!skip) throw new BadInputException($"{told} (on-bad-row = skip leaves such rows out)");
        Skip(told);
    }

    /// <summary>Counts a row, or a file where each is a sample.</summary>
    /// <param name="problem">Its place and what was expected and came.</param>
    public void Skip(string problem)
    {
        First ??= problem;
        Skipped++;
    }

    /// <summary>A value as it is shown in a message, which is one line.</summary>
    public static string Shown(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
