namespace Distributed.Learning;

/// <summary>Finds the known name that a mistyped one was most likely meant to be.</summary>
public static class NearestName
{
    /// <summary>
    /// The candidate with the smallest edit distance (insertions, deletions, substitutions and swaps of neighbours, case ignored),
    /// or null when none is near: more than a third of the longer name would have to change.
    /// </summary>
    /// <param name="name">What was written.</param>
    /// <param name="candidates">What would have been understood; on a tie the earlier one wins.</param>
    public static string? Find(string name, IEnumerable<string> candidates)
    {
        string? nearest = null;
        var least = int.MaxValue;
        foreach (var candidate in candidates)
        {
            var distance = Distance(name.ToLowerInvariant(), candidate.ToLowerInvariant());
            if (distance < least && distance <= Math.Max(1, Math.Max(name.Length, candidate.Length) / 3))
            {
                least = distance;
                nearest = candidate;
            }
        }
        return nearest;
    }

    /// <summary>A ready end of a message, "; did you mean 'x'?", or an empty text when no candidate is near.</summary>
    /// <param name="name">What was written.</param>
    /// <param name="candidates">What would have been understood.</param>
    public static string Hint(string name, IEnumerable<string> candidates) =>
        Find(name, candidates) is { } nearest ? $"; did you mean '{nearest}'?" : "";

    // Optimal string alignment distance.
    private static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) rows[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) rows[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
            for (var j = 1; j <= b.Length; j++)
            {
                var change = a[i - 1] == b[j - 1] ? 0 : 1;
                var best = Math.Min(rows[i - 1, j - 1] + change, Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) best = Math.Min(best, rows[i - 2, j - 2] + 1);
                rows[i, j] = best;
            }
        return rows[a.Length, b.Length];
    }
}
