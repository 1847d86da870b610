namespace Distributed.Learning;

/// <summary>
/// Which rows of the data are for testing, as a job says it in one of these ways:
/// <code>
/// test-every = 5          rows 1, 6, 11, …
/// test-fraction = 0.2     that share of the rows, drawn at random under split-seed (default 1)
/// test-last = 0.1         that share at the end
/// test-file = "b.csv"     the rows of another file
/// stratified = yes        with test-every or test-fraction: within each class apart, so that both parts have the same mixture
/// </code>
/// The split does not depend on the job's seed: runs under different seeds are tested on the same rows.
/// </summary>
/// <param name="Kind">The key that says which.</param>
/// <param name="Share">The share of the rows, for the two that have one.</param>
/// <param name="Every">Every which row.</param>
/// <param name="File">The other file, relative to the data folder; null without one.</param>
/// <param name="Stratified">Whether each class is divided apart.</param>
/// <param name="Seed">Where random rows come from.</param>
internal sealed record Split(string Kind, double Share, int Every, string? File, bool Stratified, long Seed)
{
    private const string ByEvery = "test-every";
    private const string ByFraction = "test-fraction";
    private const string ByLast = "test-last";
    private const string ByFile = "test-file";

    /// <summary>A share at the end, for data whose order means something.</summary>
    public static Split Last(double share) => new(ByLast, share, 0, null, false, 0);

    /// <summary>A random share.</summary>
    public static Split Fraction(double share) => new(ByFraction, share, 0, null, false, 1);

    /// <summary>Reads the keys of a split.</summary>
    /// <param name="section">The section <c>data</c>.</param>
    /// <param name="fallback">What holds when none is there.</param>
    /// <param name="ordered">Whether the data's order means something, so that rows may only be divided at one place.</param>
    /// <exception cref="BadInputException">Two of them are there, or a value is wrong.</exception>
    public static Split Read(SettingsSection section, Split fallback, bool ordered = false)
    {
        string[] kinds = ordered ? [ByLast, ByFile] : [ByEvery, ByFraction, ByLast, ByFile];
        var present = kinds.Where(section.Has).ToArray();
        if (present.Length > 1) throw section.Error(present[1], $"expected one way to choose the test rows, got {present[0]} too");
        var kind = present.Length == 1 ? present[0] : fallback.Kind;
        var split = fallback with
        {
            Kind = kind,
            Share = kind is ByFraction or ByLast ? section.Number(kind, fallback.Share, 1e-6, 0.999999) : 0,
            Every = kind == ByEvery ? section.Integer(kind, null, 2) : 0,
            File = kind == ByFile ? DataFile.Name(section, kind) : null,
        };
        if (ordered) return split;
        split = split with { Stratified = section.Flag("stratified", false), Seed = section.LongInteger("split-seed", 1, 0) };
        return split.Stratified && (kind is ByLast or ByFile)
            ? throw section.Error("stratified", $"expected it with {ByEvery} or {ByFraction}, got {kind}") : split;
    }

    /// <summary>Divides rows.</summary>
    /// <param name="rows">How many rows there are, those of the test file at the end.</param>
    /// <param name="ofTestFile">How many of them are of the test file.</param>
    /// <param name="classes">The class of each row, for a stratified split; null where rows have none.</param>
    /// <returns>The rows of both parts, each in rising order.</returns>
    public (int[] Training, int[] Test) Divide(int rows, int ofTestFile = 0, IReadOnlyList<int>? classes = null)
    {
        var isTest = new bool[rows];
        if (Kind == ByFile) Array.Fill(isTest, true, rows - ofTestFile, ofTestFile);
        else
            foreach (var group in Groups(rows, classes))
                foreach (var row in Choose(group)) isTest[row] = true;
        return (Rows(false), Rows(true));

        int[] Rows(bool test) => [.. Enumerable.Range(0, rows).Where(row => isTest[row] == test)];
    }

    /// <summary>Where the test part begins, of rows of which a share at the end is for testing; at least one row stays on each side of two.</summary>
    public int FirstTestRow(int rows) => rows - Math.Clamp((int)Math.Round(rows * Share), Math.Min(1, rows - 1), Math.Max(1, rows - 1));

    private IEnumerable<int[]> Groups(int rows, IReadOnlyList<int>? classes)
    {
        var all = Enumerable.Range(0, rows);
        return Stratified && classes is not null ? all.GroupBy(row => classes[row]).Select(group => group.ToArray()) : [[.. all]];
    }

    private IEnumerable<int> Choose(int[] group)
    {
        if (Kind == ByEvery) return group.Where((_, i) => i % Every == 0);
        if (Kind == ByLast) return group[FirstTestRow(group.Length)..];
        // The group's first row makes the streams of different groups different.
        var random = new Xoshiro256(SplitMix64.Hash(unchecked((ulong)Seed), (ulong)group[0]));
        random.Shuffle(group);
        return group[FirstTestRow(group.Length)..];
    }
}
