using System.Text;

namespace Distributed.Learning;

/// <summary>Numbers for the words or characters of a text.</summary>
public sealed class Vocabulary
{
    private readonly string[] entries;
    private readonly Dictionary<string, int> numbers;

    /// <summary>Numbers the entries from 0 in their order.</summary>
    /// <param name="entries">Different words or characters.</param>
    /// <param name="separator">What stands between two entries of a text: a space for words, nothing for characters.</param>
    public Vocabulary(IEnumerable<string> entries, string separator)
    {
        this.entries = [.. entries];
        Separator = separator;
        numbers = new Dictionary<string, int>(this.entries.Length, StringComparer.Ordinal);
        for (var i = 0; i < this.entries.Length; i++) numbers.Add(this.entries[i], i);
    }

    /// <summary>How many entries there are.</summary>
    public int Count => entries.Length;

    /// <summary>What stands between two entries of a text.</summary>
    public string Separator { get; }

    /// <summary>The entry of a number.</summary>
    public string this[int number] => entries[number];

    /// <summary>The number of an entry, or null where it has none.</summary>
    public int? NumberOf(string entry) => numbers.TryGetValue(entry, out var number) ? number : null;

    /// <summary>The text of some numbers.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is none of an entry.</exception>
    public string Decode(IEnumerable<long> tokens)
    {
        var text = new StringBuilder();
        foreach (var token in tokens)
        {
            if ((ulong)token >= (ulong)entries.Length)
                throw new ArgumentOutOfRangeException(nameof(tokens), token, $"expected numbers in [0, {entries.Length})");
            if (text.Length > 0) text.Append(Separator);
            text.Append(entries[token]);
        }
        return text.ToString();
    }
}
