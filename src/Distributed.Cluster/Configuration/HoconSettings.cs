using System.Globalization;
using System.Text;
using Distributed.Learning;

namespace Distributed.Cluster.Configuration;

/// <summary>HOCON text to settings and back.</summary>
internal static class HoconSettings
{
    /// <summary>The settings of a HOCON text.</summary>
    /// <param name="file">Its name, for messages.</param>
    /// <param name="text">The text.</param>
    /// <param name="sets">
    /// Overrides <c>path=value</c>, laid over the text in their order before substitutions are filled in; the value is HOCON.
    /// </param>
    /// <exception cref="BadInputException">The text or an override is malformed; the message names file and line, or the override.</exception>
    public static SettingObject Parse(string file, string text, IEnumerable<string> sets)
    {
        var root = HoconReader.Read(file, text);
        foreach (var set in sets)
        {
            var equals = set.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0) throw new BadInputException($"--set {set}: expected path=value");
            root = root.With(HoconReader.Read($"--set {set}", set));
        }
        return HoconResolver.Resolve(root);
    }

    /// <summary>
    /// Settings as HOCON in one fixed form: a key a line, two blanks a level, quotes where they are needed.
    /// <see cref="Parse"/> gives the same settings back.
    /// </summary>
    /// <param name="settings">The settings; keys are unique within a section.</param>
    public static string Render(SettingObject settings)
    {
        var text = new StringBuilder();
        Members(text, settings, "");
        return text.ToString();
    }

    private static void Members(StringBuilder text, SettingObject section, string indent)
    {
        foreach (var (key, value) in section.Members)
        {
            text.Append(indent).Append(Key(key)).Append(value is SettingObject ? " " : " = ");
            Value(text, value, indent);
            text.Append('\n');
        }
    }

    private static void Value(StringBuilder text, Setting value, string indent)
    {
        switch (value)
        {
            case SettingText scalar:
                text.Append(Text(scalar.Value));
                break;
            case SettingObject { Members.Count: 0 }:
                text.Append("{}");
                break;
            case SettingObject section:
                text.Append("{\n");
                Members(text, section, indent + "  ");
                text.Append(indent).Append('}');
                break;
            case SettingList list when list.Items.All(i => i is SettingText):
                text.Append('[').AppendJoin(", ", list.Items.Select(i => Text(((SettingText)i).Value))).Append(']');
                break;
            case SettingList list:
                text.Append("[\n");
                foreach (var item in list.Items)
                {
                    text.Append(indent).Append("  ");
                    Value(text, item, indent + "  ");
                    text.Append(",\n");
                }
                text.Append(indent).Append(']');
                break;
        }
    }

    private static string Key(string key) => key != "include" && Plain(key, "-_") ? key : Quoted(key);

    private static string Text(string text) => text != "null" && Plain(text, "-_.") ? text : Quoted(text);

    private static bool Plain(string text, string marks) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || marks.Contains(c, StringComparison.Ordinal));

    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
            _ = c switch
            {
                '"' or '\\' => quoted.Append('\\').Append(c),
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                _ when char.IsControl(c) || char.IsSurrogate(c) => quoted.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)),
                _ => quoted.Append(c),
            };
        return quoted.Append('"').ToString();
    }
}
