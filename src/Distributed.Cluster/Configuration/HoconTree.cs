namespace Distributed.Cluster.Configuration;

/// <summary>What stands behind a key while a HOCON text is read: not yet joined, substitutions not yet resolved.</summary>
internal abstract record HoconNode;

/// <summary>A piece of text, or the white space between two pieces.</summary>
/// <param name="Text">The text, without quotes and escapes.</param>
/// <param name="Quoted">Whether it stood in quotes.</param>
internal sealed record HoconText(string Text, bool Quoted) : HoconNode;

/// <summary>A list.</summary>
internal sealed record HoconList(IReadOnlyList<HoconNode> Items) : HoconNode;

/// <summary>The value of another key.</summary>
/// <param name="Path">That key.</param>
/// <param name="Optional">Whether it may be missing: <c>${?path}</c>.</param>
/// <param name="Place">Where it is written, for messages: file and line.</param>
internal sealed record HoconSubstitution(IReadOnlyList<string> Path, bool Optional, string Place) : HoconNode;

/// <summary>Values side by side, which become one: texts are joined, lists appended, sections laid over each other.</summary>
/// <param name="Parts">At least two values, or one substitution.</param>
/// <param name="Place">Where it begins, for messages.</param>
internal sealed record HoconJoin(IReadOnlyList<HoconNode> Parts, string Place) : HoconNode;

/// <summary>A section; keys keep the order in which they first came.</summary>
internal sealed record HoconSection : HoconNode
{
    private readonly OrderedDictionary<string, HoconNode> _members = new(StringComparer.Ordinal);

    /// <summary>Keys and values.</summary>
    public IReadOnlyDictionary<string, HoconNode> Members => _members;

    /// <summary>Lays a value under a path, as HOCON does it: sections are merged, anything else replaces what was there.</summary>
    /// <param name="path">One or more keys.</param>
    /// <param name="value">The value.</param>
    public void Put(ReadOnlySpan<string> path, HoconNode value)
    {
        if (path.Length > 1)
        {
            var inner = new HoconSection();
            inner.Put(path[1..], value);
            value = inner;
        }
        var key = path[0];
        _members[key] = (_members.GetValueOrDefault(key), value) switch
        {
            (HoconSection below, HoconSection above) => below.With(above),
            (HoconJoin below, HoconSection above) => new HoconJoin([.. below.Parts, above], below.Place),
            _ => value,
        };
    }

    /// <summary>What stands under a path now, or null.</summary>
    /// <param name="path">Keys; none means this section.</param>
    public HoconNode? Find(IReadOnlyList<string> path)
    {
        HoconNode? node = this;
        foreach (var key in path) node = (node as HoconSection)?._members.GetValueOrDefault(key);
        return node;
    }

    /// <summary>This section with another laid over it.</summary>
    /// <param name="above">The section whose values count where both have one.</param>
    public HoconSection With(HoconSection above)
    {
        var both = new HoconSection();
        foreach (var (key, value) in _members) both.Put([key], value);
        foreach (var (key, value) in above._members) both.Put([key], value);
        return both;
    }
}
