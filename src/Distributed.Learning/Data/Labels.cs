using System.Globalization;

namespace Distributed.Learning;

/// <summary>Classes that are written as words or numbers.</summary>
internal static class Labels
{
    /// <summary>The different labels in the order of their classes: numbers by their value, then words by their characters.</summary>
    public static string[] InOrder(IEnumerable<string> labels) =>
        [.. labels.Distinct(StringComparer.Ordinal).OrderBy(Value).ThenBy(label => label, StringComparer.Ordinal)];

    /// <summary>What is wrong with a label that the training set does not have.</summary>
    public static string Unknown(string label, string[] known) =>
        $"expected a class of the training set ({RowProblems.Shown(string.Join(", ", known))}), got '{RowProblems.Shown(label)}'";

    private static double Value(string label) =>
        double.TryParse(label, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.PositiveInfinity;
}
