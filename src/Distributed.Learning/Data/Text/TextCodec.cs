using System.Text;

namespace Distributed.Learning;

/// <summary>From text to the token numbers of a text data set and back: characters by its alphabet, or the bytes of UTF-8.</summary>
public sealed class TextCodec
{
    private readonly Vocabulary? alphabet;

    private TextCodec(Vocabulary? alphabet) => this.alphabet = alphabet;

    /// <summary>Every token is a byte.</summary>
    public static TextCodec OfBytes { get; } = new(null);

    /// <summary>Every token is a character.</summary>
    /// <param name="alphabet">The characters in the order of their numbers.</param>
    public static TextCodec OfCharacters(Vocabulary alphabet) => new(alphabet);

    /// <summary>How many different tokens there are.</summary>
    public int Count => alphabet?.Count ?? 256;

    /// <summary>The numbers of a text's tokens.</summary>
    /// <param name="text">Any text.</param>
    /// <exception cref="BadInputException">A character is not in the alphabet; the message names it and its place.</exception>
    public long[] Encode(string text)
    {
        if (alphabet is null) return [.. Encoding.UTF8.GetBytes(text).Select(value => (long)value)];
        var tokens = new List<long>(text.Length);
        foreach (var character in text.EnumerateRunes())
            tokens.Add(alphabet.NumberOf(character.ToString())
                ?? throw new BadInputException(
                    $"expected characters of the training text, got '{Shown(character)}' (U+{character.Value:X4}) as character {tokens.Count + 1}"));
        return [.. tokens];
    }

    /// <summary>The text of tokens, piece by piece as they come; bytes that are no UTF-8 become the replacement character.</summary>
    /// <param name="tokens">Numbers in [0, <see cref="Count"/>).</param>
    public IEnumerable<string> Decode(IEnumerable<long> tokens)
    {
        if (alphabet is not null)
        {
            foreach (var token in tokens) yield return alphabet[(int)token];
            yield break;
        }

        // A character of several bytes is told once it is whole.
        var decoder = Encoding.UTF8.GetDecoder();
        var characters = new char[4];
        foreach (var token in tokens)
            yield return new string(characters, 0, decoder.GetChars([(byte)token], characters, flush: false));
        yield return new string(characters, 0, decoder.GetChars([], characters, flush: true));
    }

    private static string Shown(Rune character) => Rune.IsControl(character) ? "\\" + $"u{character.Value:x4}" : character.ToString();
}
