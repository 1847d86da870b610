using Distributed.Learning;

namespace Distributed.Cluster.Configuration;

/// <summary>Turns sections that were read into settings: joins what stands side by side and fills in <c>${…}</c>.</summary>
internal sealed class HoconResolver
{
    // What many substitutions of substitutions could blow up to.
    private const int MostValues = 100_000;

    private readonly HoconSection _root;
    private readonly HashSet<HoconNode> _open = new(ReferenceEqualityComparer.Instance);
    private int _values;

    private HoconResolver(HoconSection root) => _root = root;

    /// <summary>The settings of a section.</summary>
    /// <param name="root">The section in which substitutions are looked up.</param>
    /// <exception cref="BadInputException">A substitution names no value or goes in a circle, or values cannot be joined.</exception>
    public static SettingObject Resolve(HoconSection root) => (SettingObject)new HoconResolver(root).Value(root)!;

    // Null: nothing, as an optional substitution without a value, or the bare word null, which unsets a key.
    private Setting? Value(HoconNode node)
    {
        switch (node)
        {
            case HoconText { Quoted: false, Text: "null" }:
                return null;
            case HoconText text:
                return new SettingText(text.Text);
            case HoconList list:
                return new SettingList([.. list.Items.Select(Value).OfType<Setting>()]);
            case HoconSection section:
                var members = new List<KeyValuePair<string, Setting>>();
                foreach (var (key, member) in section.Members)
                    if (Value(member) is { } value)
                        members.Add(new(key, value));
                return new SettingObject(members);
            case HoconJoin join:
                return Join(join);
            default:
                return Substitute((HoconSubstitution)node);
        }
    }

    private Setting? Substitute(HoconSubstitution substitution)
    {
        if (++_values > MostValues) throw new BadInputException($"{substitution.Place}: substitutions make more than {MostValues} values");
        var path = string.Join('.', substitution.Path);
        var node = Find(substitution);
        var value = default(Setting);
        if (node is not null)
        {
            if (!_open.Add(node)) throw new BadInputException($"{substitution.Place}: ${{{path}}} goes in a circle");
            value = Value(node);
            _open.Remove(node);
        }
        if (value is null && !substitution.Optional) throw new BadInputException($"{substitution.Place}: ${{{path}}} names no value of this file");
        return value;
    }

    // A path may lead through a key whose own value is a substitution or a join of sections.
    private HoconNode? Find(HoconSubstitution substitution)
    {
        HoconNode? node = _root;
        foreach (var key in substitution.Path)
            node = node switch
            {
                HoconSection section => section.Members.GetValueOrDefault(key),
                HoconJoin join => join.Parts.OfType<HoconSection>().Select(s => s.Members.GetValueOrDefault(key)).LastOrDefault(n => n is not null)
                    ?? join.Parts.OfType<HoconSubstitution>().Select(s => Find(s with { Path = [.. s.Path, key] })).LastOrDefault(n => n is not null),
                _ => null,
            };
        return node;
    }

    private Setting? Join(HoconJoin join)
    {
        var whole = default(Setting);
        var blank = "";
        foreach (var part in join.Parts)
        {
            if (part is HoconText { Quoted: false } text && string.IsNullOrWhiteSpace(text.Text))
            {
                blank = text.Text;
                continue;
            }
            // Side by side with others, null is a word.
            var next = part is HoconText word ? new SettingText(word.Text) : Value(part);
            if (next is null) continue;
            whole = (whole, next) switch
            {
                (null, _) => next,
                (SettingText a, SettingText b) => new SettingText(a.Value + blank + b.Value),
                (SettingList a, SettingList b) => new SettingList([.. a.Items, .. b.Items]),
                (SettingObject a, SettingObject b) => Over(a, b),
                _ => throw new BadInputException($"{join.Place}: a {Kind(whole!)} and a {Kind(next)} stand side by side; a comma or a new line is missing"),
            };
            blank = "";
        }
        return whole;
    }

    private static SettingObject Over(SettingObject below, SettingObject above)
    {
        var both = new OrderedDictionary<string, Setting>(StringComparer.Ordinal);
        foreach (var (key, value) in below.Members) both[key] = value;
        foreach (var (key, value) in above.Members)
            both[key] = (both.GetValueOrDefault(key), value) is (SettingObject a, SettingObject b) ? Over(a, b) : value;
        return new SettingObject([.. both]);
    }

    private static string Kind(Setting setting) => setting switch
    {
        SettingText => "text",
        SettingList => "list",
        _ => "section",
    };
}
