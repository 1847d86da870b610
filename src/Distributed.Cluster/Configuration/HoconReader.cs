using System.Globalization;
using System.Text;
using Distributed.Learning;

namespace Distributed.Cluster.Configuration;

/// <summary>
/// Reads HOCON text into sections. Akka's own parser reads what Akka needs, but it neither counts lines nor refuses many malformed
/// texts; a person who mistypes a bracket in a job file is owed the line. Left out of HOCON: <c>include</c> and white space in keys.
/// </summary>
internal sealed class HoconReader
{
    // A text can come from another node: nesting is bounded, so that no text can overflow the stack.
    private const int DeepestNesting = 64;

    private const string ForbiddenInText = "$\"{}[]:=,#`^?!@*&\\";

    private readonly string _file;
    private readonly string _text;
    private readonly HoconSection _root = new();
    private int _at;
    private int _depth;

    private HoconReader(string file, string text)
    {
        _file = file;
        _text = text;
    }

    private char Now => _at < _text.Length ? _text[_at] : '\0';

    private bool AtEnd => _at >= _text.Length;

    /// <summary>Reads a whole text.</summary>
    /// <param name="file">Its name, for messages.</param>
    /// <param name="text">The text: sections with or without the outermost braces.</param>
    /// <exception cref="BadInputException">It is malformed; the message names file and line.</exception>
    public static HoconSection Read(string file, string text)
    {
        var reader = new HoconReader(file, text);
        reader.SkipBlank(lines: true);
        var braces = reader.Now == '{';
        if (braces) reader._at++;
        reader.ReadMembers(reader._root, [], braces ? '}' : '\0');
        reader.SkipBlank(lines: true);
        if (!reader.AtEnd) throw reader.Error($"expected the end of the text, got '{reader.Now}'");
        return reader._root;
    }

    private void ReadMembers(HoconSection section, IReadOnlyList<string> path, char end)
    {
        if (++_depth > DeepestNesting) throw Error($"nested more than {DeepestNesting} deep");
        var opened = LineNow();
        while (true)
        {
            SkipBlank(lines: true);
            if (AtEnd && end == '\0') break;
            if (AtEnd) throw Error($"the section opened in line {opened} is not closed: expected '}}'");
            if (end != '\0' && Now == end)
            {
                _at++;
                break;
            }
            ReadMember(section, path);
            ExpectSeparator(end, "a comma, a new line");
        }
        _depth--;
    }

    private void ReadMember(HoconSection section, IReadOnlyList<string> path)
    {
        var quoted = Now == '"';
        var key = ReadKey();
        if (key is ["include"] && !quoted) throw Error("'include' is not understood: write the settings into this file");
        SkipBlank(lines: false);
        var append = Now == '+' && _at + 1 < _text.Length && _text[_at + 1] == '=';
        if (append) _at += 2;
        else if (Now is '=' or ':') _at++;
        else if (Now != '{') throw Error($"expected '=' or '{{' after the key '{string.Join('.', key)}', got {Shown()}");
        SkipBlank(lines: true);
        string[] whole = [.. path, .. key];
        var before = section.Find(key) ?? _root.Find(whole);
        var value = ReadValue(whole, before);
        if (append)
            value = new HoconJoin(before is null ? [new HoconList([value])] : [before, new HoconList([value])], Place());
        section.Put(key, value);
    }

    private string[] ReadKey()
    {
        var keys = new List<string>();
        do
        {
            if (keys.Count > 0) _at++;
            if (keys.Count >= DeepestNesting) throw Error($"nested more than {DeepestNesting} deep");
            if (Now == '"')
            {
                keys.Add(ReadQuoted());
                continue;
            }
            var start = _at;
            while (!AtEnd && Now != '.' && Now != '+' && !char.IsWhiteSpace(Now) && !ForbiddenInText.Contains(Now)) _at++;
            if (_at == start) throw Error($"expected a key, got {Shown()}");
            keys.Add(_text[start.._at]);
        }
        while (Now == '.');
        return [.. keys];
    }

    // One value, or several side by side up to the end of the line, a comma, or a closing bracket.
    private HoconNode ReadValue(string[] path, HoconNode? before)
    {
        var place = Place();
        var parts = new List<HoconNode>();
        while (true)
        {
            var blank = _at;
            SkipBlank(lines: false);
            if (AtEnd || Now is '\n' or ',' or '}' or ']') break;
            if (parts.Count > 0 && _at > blank) parts.Add(new HoconText(_text[blank.._at], Quoted: false));
            switch (Now)
            {
                case '{':
                    _at++;
                    var section = new HoconSection();
                    ReadMembers(section, path, '}');
                    parts.Add(section);
                    break;
                case '[':
                    parts.Add(ReadList(path));
                    break;
                case '"':
                    parts.Add(new HoconText(ReadQuoted(), Quoted: true));
                    break;
                case '$':
                    var substitution = ReadSubstitution();
                    // A key that names itself means what it was before.
                    if (!substitution.Path.SequenceEqual(path)) parts.Add(substitution);
                    else if (before is not null) parts.Add(before);
                    else if (!substitution.Optional) throw Error($"'{string.Join('.', path)}' refers to itself and has no earlier value");
                    else parts.Add(new HoconJoin([], place));
                    break;
                default:
                    parts.Add(new HoconText(ReadBare(), Quoted: false));
                    break;
            }
        }
        if (parts.Count == 0) throw Error($"expected a value, got {Shown()}");
        return parts is [HoconText or HoconSection or HoconList] ? parts[0] : new HoconJoin(parts, place);
    }

    private HoconList ReadList(string[] path)
    {
        if (++_depth > DeepestNesting) throw Error($"nested more than {DeepestNesting} deep");
        var opened = LineNow();
        _at++;
        var items = new List<HoconNode>();
        while (true)
        {
            SkipBlank(lines: true);
            if (AtEnd) throw Error($"the list opened in line {opened} is not closed: expected ']'");
            if (Now == ']') break;
            items.Add(ReadValue([.. path, $"[{items.Count}]"], before: null));
            ExpectSeparator(']', "a comma");
        }
        _at++;
        _depth--;
        return new HoconList(items);
    }

    private void ExpectSeparator(char end, string expected)
    {
        SkipBlank(lines: false);
        if (AtEnd || Now == end) return;
        if (Now == '\n') SkipBlank(lines: true);
        else if (Now != ',') throw Error($"expected {expected}{(end == '\0' ? "" : $" or '{end}'")}, got {Shown()}");
        if (Now == ',') _at++;
    }

    private HoconSubstitution ReadSubstitution()
    {
        var place = Place();
        if (_at + 1 >= _text.Length || _text[_at + 1] != '{') throw Error("'$' must be followed by '{'; put text that holds it in quotes");
        _at += 2;
        var optional = Now == '?';
        if (optional) _at++;
        SkipBlank(lines: false);
        var path = ReadKey();
        SkipBlank(lines: false);
        if (Now != '}') throw Error($"expected '}}' after ${{{string.Join('.', path)}, got {Shown()}");
        _at++;
        return new HoconSubstitution(path, optional, place);
    }

    private string ReadBare()
    {
        var start = _at;
        while (!AtEnd && !char.IsWhiteSpace(Now) && !ForbiddenInText.Contains(Now) && !AtComment()) _at++;
        if (!AtEnd && !char.IsWhiteSpace(Now) && Now is not (',' or '{' or '}' or '[' or ']' or '"' or '$') && !AtComment())
            throw Error($"unexpected {Shown()} in a value: put the value in quotes, or begin a new line");
        return _text[start.._at];
    }

    private string ReadQuoted()
    {
        if (string.CompareOrdinal(_text, _at, "\"\"\"", 0, 3) == 0) return ReadTripleQuoted();
        var opened = _at++;
        var text = new StringBuilder();
        while (true)
        {
            if (AtEnd || Now is '\n' or '\r')
            {
                _at = opened;
                throw Error("this quoted text has no closing '\"' in its line");
            }
            var c = _text[_at++];
            if (c == '"') return text.ToString();
            text.Append(c == '\\' ? ReadEscape() : c);
        }
    }

    private char ReadEscape()
    {
        var c = Now;
        if (char.IsControl(c))
            throw Error("a backslash at the end of a line is no escape in quoted text: write '\\\\' for a backslash");
        _at++;
        if (c == 'u' && _at + 4 <= _text.Length
            && ushort.TryParse(_text.AsSpan(_at, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
        {
            _at += 4;
            return (char)code;
        }
        return c switch
        {
            '"' or '\\' or '/' => c,
            'b' => '\b',
            'f' => '\f',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            _ => throw Error($"'\\{c}' is no escape in quoted text: write '\\\\' for a backslash"),
        };
    }

    private string ReadTripleQuoted()
    {
        var end = _text.IndexOf("\"\"\"", _at + 3, StringComparison.Ordinal);
        if (end < 0) throw Error("this text in three quotes is not closed");
        // More quotes at the end belong to the text.
        while (end + 3 < _text.Length && _text[end + 3] == '"') end++;
        var text = _text[(_at + 3)..end];
        _at = end + 3;
        return text;
    }

    private bool AtComment() => Now == '#' || (Now == '/' && _at + 1 < _text.Length && _text[_at + 1] == '/');

    private void SkipBlank(bool lines)
    {
        while (!AtEnd)
        {
            if (AtComment())
                while (!AtEnd && Now != '\n') _at++;
            else if ((char.IsWhiteSpace(Now) && (lines || Now != '\n')) || Now == '\uFEFF') _at++;
            else return;
        }
    }

    private int LineNow() => 1 + _text.AsSpan(0, Math.Min(_at, _text.Length)).Count('\n');

    private string Place() => $"{_file}: line {LineNow()}";

    private string Shown() => AtEnd ? "the end of the text" : Now == '\n' ? "the end of the line" : $"'{Now}'";

    private BadInputException Error(string problem) => new($"{Place()}: {problem}");
}
