using System.Globalization;

namespace Distributed.Learning;

/// <summary>
/// One section of a configuration, read key by key with checks. It knows the file it came from and its own path, so that every error
/// is one line like <c>digits.hocon: optimizer.learning-rate: expected a number above 0, got 'fast'</c>, and it remembers which keys
/// were asked for, so that <see cref="RejectUnknownKeys"/> can name the ones that nothing understands.
/// Everywhere a fallback of null means that the key is required. Every reader throws <see cref="BadInputException"/>.
/// </summary>
public sealed class SettingsSection
{
    private readonly Dictionary<string, Setting> members = [];
    private readonly HashSet<string> known = [];

    private SettingsSection(string file, string path, SettingObject tree)
    {
        File = file;
        Path = path;
        foreach (var (key, setting) in tree.Members) members[key] = setting;
    }

    /// <summary>The root section of a configuration.</summary>
    /// <param name="file">The name of the file, for messages.</param>
    /// <param name="tree">Its content.</param>
    public static SettingsSection Root(string file, SettingObject tree) => new(file, "", tree);

    /// <summary>The name of the file, as it is shown in messages.</summary>
    public string File { get; }

    /// <summary>The path of this section in its file, such as <c>model.layers[2]</c>; empty for the root.</summary>
    public string Path { get; }

    /// <summary>The keys that are present, in no particular order.</summary>
    public IReadOnlyCollection<string> Keys => members.Keys;

    /// <summary>Whether the key is present. The key counts as known from now on.</summary>
    public bool Has(string key) => Find(key) is not null;

    /// <summary>Whether the key is present and holds a section. The key counts as known from now on.</summary>
    public bool HasSection(string key) => Find(key) is SettingObject;

    /// <summary>Whether the key is present and holds a list. The key counts as known from now on.</summary>
    public bool HasList(string key) => Find(key) is SettingList;

    /// <summary>A text.</summary>
    /// <param name="key">The key in this section.</param>
    /// <param name="fallback">What holds when the key is absent; null makes it required.</param>
    public string Text(string key, string? fallback = null) =>
        Find(key) is { } setting ? Scalar(key, setting, "a text") : fallback ?? throw Missing(key, "a text");

    /// <summary>A whole number within [<paramref name="min"/>, <paramref name="max"/>].</summary>
    /// <param name="key">The key in this section.</param>
    /// <param name="fallback">What holds when the key is absent; null makes it required.</param>
    /// <param name="min">The least allowed value.</param>
    /// <param name="max">The greatest allowed value.</param>
    public int Integer(string key, int? fallback = null, int min = int.MinValue, int max = int.MaxValue)
    {
        var expected = SettingRange.Describe("a whole number", min, int.MinValue, max, int.MaxValue);
        if (Find(key) is not { } setting) return fallback ?? throw Missing(key, expected);
        return (int)WholeNumber(key, setting, expected, min, max);
    }

    /// <summary>A whole number of 64 bits within [<paramref name="min"/>, <paramref name="max"/>].</summary>
    /// <param name="key">The key in this section.</param>
    /// <param name="fallback">What holds when the key is absent; null makes it required.</param>
    /// <param name="min">The least allowed value.</param>
    /// <param name="max">The greatest allowed value.</param>
    public long LongInteger(string key, long? fallback = null, long min = long.MinValue, long max = long.MaxValue)
    {
        var expected = SettingRange.Describe("a whole number", min, long.MinValue, max, long.MaxValue);
        return Find(key) is { } setting ? WholeNumber(key, setting, expected, min, max) : fallback ?? throw Missing(key, expected);
    }

    /// <summary>A finite number within [<paramref name="min"/>, <paramref name="max"/>].</summary>
    /// <param name="key">The key in this section.</param>
    /// <param name="fallback">What holds when the key is absent; null makes it required.</param>
    /// <param name="min">The least allowed value; <see cref="double.Epsilon"/> stands for "above 0".</param>
    /// <param name="max">The greatest allowed value.</param>
    public double Number(
        string key, double? fallback = null, double min = double.NegativeInfinity, double max = double.PositiveInfinity)
    {
        var expected = SettingRange.Describe(min, max);
        return Find(key) is { } setting ? ParseNumber(key, setting, expected, min, max) : fallback ?? throw Missing(key, expected);
    }

    /// <summary>A flag: <c>true</c>, <c>yes</c>, <c>on</c> or <c>false</c>, <c>no</c>, <c>off</c>.</summary>
    /// <param name="key">The key in this section.</param>
    /// <param name="fallback">What holds when the key is absent; null makes it required.</param>
    public bool Flag(string key, bool? fallback = null)
    {
        const string expected = "true or false";
        if (Find(key) is not { } setting) return fallback ?? throw Missing(key, expected);
        var text = Scalar(key, setting, expected);
        return text.ToLowerInvariant() switch
        {
            "true" or "yes" or "on" => true,
            "false" or "no" or "off" => false,
            _ => throw Wrong(key, expected, text),
        };
    }

    /// <summary>One of a few words; the error lists them and says which is nearest to what was written.</summary>
    /// <param name="key">The key in this section.</param>
    /// <param name="fallback">What holds when the key is absent; null makes it required.</param>
    /// <param name="allowed">The words, compared exactly.</param>
    public string OneOf(string key, string? fallback, params string[] allowed)
    {
        var expected = allowed.Length == 1 ? $"'{allowed[0]}'" : "one of " + string.Join(", ", allowed);
        if (Find(key) is not { } setting) return fallback ?? throw Missing(key, expected);
        var text = Scalar(key, setting, expected);
        return allowed.Contains(text) ? text : throw Wrong(key, expected, text, NearestName.Hint(text, allowed));
    }

    /// <summary>A section below this one; it must be there.</summary>
    /// <param name="key">The key in this section.</param>
    public SettingsSection Section(string key) => OptionalSection(key) ?? throw Missing(key, "a section { … }");

    /// <summary>A section below this one, or null when the key is absent.</summary>
    /// <param name="key">The key in this section.</param>
    public SettingsSection? OptionalSection(string key) => Find(key) switch
    {
        null => null,
        SettingObject tree => new SettingsSection(File, PathOf(key), tree),
        var other => throw Wrong(key, "a section { … }", SettingRange.Shown(other)),
    };

    /// <summary>A list of sections; a bare word in it, such as <c>relu</c>, counts as <c>{ type = relu }</c>.</summary>
    /// <param name="key">The key in this section; it must be there.</param>
    public IReadOnlyList<SettingsSection> Sections(string key) => SectionsOf(key, List(key, "a list of sections"));

    /// <summary>A list of lists of sections, each read as by <see cref="Sections"/>.</summary>
    /// <param name="key">The key in this section; it must be there.</param>
    public IReadOnlyList<IReadOnlyList<SettingsSection>> SectionLists(string key) =>
        [.. List(key, "a list of lists of sections").Select((item, i) => item is SettingList list
            ? SectionsOf($"{key}[{i}]", list.Items)
            : throw Wrong($"{key}[{i}]", "a list of sections [ … ]", SettingRange.Shown(item)))];

    /// <summary>A list of whole numbers, each within [<paramref name="min"/>, <paramref name="max"/>].</summary>
    /// <param name="key">The key in this section.</param>
    /// <param name="fallback">What holds when the key is absent; null makes it required.</param>
    /// <param name="min">The least allowed value.</param>
    /// <param name="max">The greatest allowed value.</param>
    public IReadOnlyList<long> Integers(
        string key, IReadOnlyList<long>? fallback = null, long min = long.MinValue, long max = long.MaxValue)
    {
        if (!Has(key) && fallback is not null) return fallback;
        var expected = SettingRange.Describe("a whole number", min, long.MinValue, max, long.MaxValue);
        return [.. List(key, "a list of whole numbers").Select((item, i) => WholeNumber($"{key}[{i}]", item, expected, min, max))];
    }

    /// <summary>
    /// A list of finite numbers, each within [<paramref name="min"/>, <paramref name="max"/>]; a single number counts as a list of one.
    /// </summary>
    /// <param name="key">The key in this section.</param>
    /// <param name="fallback">What holds when the key is absent; null makes it required.</param>
    /// <param name="min">The least allowed value.</param>
    /// <param name="max">The greatest allowed value.</param>
    public IReadOnlyList<double> Numbers(string key, IReadOnlyList<double>? fallback, double min, double max)
    {
        if (Find(key) is SettingText) return [Number(key, null, min, max)];
        if (!Has(key) && fallback is not null) return fallback;
        var expected = SettingRange.Describe(min, max);
        return [.. List(key, "a number or a list of numbers").Select((item, i) => ParseNumber($"{key}[{i}]", item, expected, min, max))];
    }

    /// <summary>A list of texts.</summary>
    /// <param name="key">The key in this section.</param>
    /// <param name="fallback">What holds when the key is absent; null makes it required.</param>
    public IReadOnlyList<string> Texts(string key, IReadOnlyList<string>? fallback = null)
    {
        if (!Has(key) && fallback is not null) return fallback;
        return [.. List(key, "a list of texts").Select((item, i) => Scalar($"{key}[{i}]", item, "a text"))];
    }

    /// <summary>All of this section in one text that is the same for the same settings, in whatever order they were written.</summary>
    /// <param name="except">Keys of this section that are left out.</param>
    internal string Canonical(params IReadOnlyCollection<string> except)
    {
        var text = new System.Text.StringBuilder();
        Write(new SettingObject([.. members.Where(member => !except.Contains(member.Key))]));
        return text.ToString();

        void Write(Setting setting)
        {
            switch (setting)
            {
                case SettingText word:
                    Quote(word.Value);
                    break;
                case SettingList list:
                    text.Append('[');
                    foreach (var item in list.Items) Write(item);
                    text.Append(']');
                    break;
                case SettingObject tree:
                    text.Append('{');
                    foreach (var (key, value) in tree.Members.OrderBy(member => member.Key, StringComparer.Ordinal))
                    {
                        Quote(key);
                        Write(value);
                    }
                    text.Append('}');
                    break;
            }
        }

        // With its length, so that no text looks like another structure.
        void Quote(string value) => text.Append(CultureInfo.InvariantCulture, $"{value.Length}:{value}");
    }

    /// <summary>
    /// Call it when everything of this section has been read: throws at the first key that nobody asked for and names the nearest known
    /// one. Sections below this one are checked by whoever reads them.
    /// </summary>
    public void RejectUnknownKeys()
    {
        foreach (var key in members.Keys)
            if (!known.Contains(key))
            {
                var hint = NearestName.Hint(key, known);
                throw Error(key, "unknown key" + (hint.Length > 0 ? hint : $"; known here: {string.Join(", ", known.Order())}"));
            }
    }

    /// <summary>An error that names the file and a key of this section.</summary>
    /// <param name="key">The key, or null for the section itself.</param>
    /// <param name="problem">What was expected and what came.</param>
    public BadInputException Error(string? key, string problem)
    {
        var place = key is null ? Path : PathOf(key);
        return new BadInputException(place.Length == 0 ? $"{File}: {problem}" : $"{File}: {place}: {problem}");
    }

    private Setting? Find(string key)
    {
        known.Add(key);
        return members.GetValueOrDefault(key);
    }

    private string PathOf(string key) => Path.Length == 0 ? key : $"{Path}.{key}";

    private IReadOnlyList<Setting> List(string key, string expected) => Find(key) switch
    {
        null => throw Missing(key, expected),
        SettingList list => list.Items,
        var other => throw Wrong(key, expected + " [ … ]", SettingRange.Shown(other)),
    };

    private IReadOnlyList<SettingsSection> SectionsOf(string key, IReadOnlyList<Setting> items) =>
        [.. items.Select((item, i) => item switch
        {
            SettingObject tree => new SettingsSection(File, $"{PathOf(key)}[{i}]", tree),
            SettingText word => new SettingsSection(File, $"{PathOf(key)}[{i}]", new SettingObject([new("type", word)])),
            _ => throw Wrong($"{key}[{i}]", "a section { … } or a word", SettingRange.Shown(item)),
        })];

    private string Scalar(string key, Setting setting, string expected) =>
        setting is SettingText text ? text.Value : throw Wrong(key, expected, SettingRange.Shown(setting));

    private double ParseNumber(string key, Setting setting, string expected, double min, double max)
    {
        var text = Scalar(key, setting, expected);
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            && double.IsFinite(value) && value >= min && value <= max ? value : throw Wrong(key, expected, text);
    }

    private long WholeNumber(string key, Setting setting, string expected, long min, long max)
    {
        var text = Scalar(key, setting, expected);
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            && value >= min && value <= max ? value : throw Wrong(key, expected, text);
    }

    // A required key is often missing because it was mistyped: then a present key that nobody asked for is near it.
    private BadInputException Missing(string key, string expected) =>
        Error(key, $"missing; expected {expected}"
            + (NearestName.Find(key, members.Keys.Where(k => !known.Contains(k))) is { } near ? $"; is '{near}' mistyped?" : ""));

    private BadInputException Wrong(string key, string expected, string got, string hint = "") =>
        Error(key, $"expected {expected}, got '{got}'{hint}");
}
