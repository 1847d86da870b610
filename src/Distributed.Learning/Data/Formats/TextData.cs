using System.Text;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// A plain text whose next character is to be predicted:
/// <c>data { format = text, file = "tinyshakespeare/input.txt", time = 64, test-last = 0.1 }</c>.
/// Inputs and targets are int64, <c>[time]</c>. The alphabet is that of the whole text, in the order of code points, so the model
/// needs as many tokens and classes as the text has different characters (<c>unit = bytes</c>: 256).
/// </summary>
/// <param name="File">The text, UTF-8, relative to the data folder.</param>
/// <param name="Bytes">Whether a token is a byte instead of a character.</param>
/// <param name="Time">Tokens in a sample.</param>
/// <param name="Shifted">Whether training windows begin at random places (<c>windows = random</c>) instead of always the same ones.</param>
/// <param name="Split">Which part is for testing.</param>
internal sealed record TextData(string File, bool Bytes, int Time, bool Shifted, Split Split) : DataSpec
{
    public const string Name = "text";

    // More tokens than a byte can number need four bytes each.
    private const int ByteValues = 256;

    public override string Format => Name;

    public override IReadOnlyList<long> InputShape => [Time];

    public static TextData Read(SettingsSection section) => new(
        DataFile.Name(section, "file"),
        section.OneOf("unit", "characters", "characters", "bytes") == "bytes",
        section.Integer("time", 64, 1, 1 << 20),
        section.OneOf("windows", "random", "random", "consecutive") == "random",
        Split.Read(section, Split.Last(0.1), ordered: true));

    public override int? KnownTokens => Bytes ? ByteValues : null;

    public override TextCodec? TextOf(IDataSet data) => Bytes ? TextCodec.OfBytes : TextCodec.OfCharacters(data.Notes.Vocabulary!);

    public override void CheckFiles(string dataFolder, DataCache? cache = null) => OpenAndClose(dataFolder, cache);

    private protected override IReadOnlyList<string> Sources(string dataFolder) =>
        [DataFile.Find(dataFolder, File), .. Split.File is { } testFile ? (string[])[DataFile.Find(dataFolder, testFile)] : []];

    private protected override (IDataSet Training, IDataSet Test) Load(string dataFolder, long seed)
    {
        var file = DataFile.Find(dataFolder, File);
        var testFile = Split.File is { } name ? DataFile.Find(dataFolder, name) : null;
        var bytes = ReadAll(file);
        byte[] testBytes = testFile is null ? [] : ReadAll(testFile);
        return Bytes
            ? Windows(file, bytes, testBytes, ByteValues, DataNotes.None)
            : OfCharacters(file, Characters(file, bytes), testFile is null ? [] : Characters(testFile, testBytes));
    }

    private (IDataSet Training, IDataSet Test) OfCharacters(string file, Rune[] text, Rune[] testText)
    {
        Rune[] alphabet = [.. text.Concat(testText).Distinct().Order()];
        var vocabulary = new Vocabulary(alphabet.Select(character => character.ToString()), separator: "");
        var notes = new DataNotes
        {
            Vocabulary = vocabulary,
            ClassNames = [.. alphabet.Select(character => character.ToString())],
            Findings = [$"{text.Length + testText.Length} characters, {alphabet.Length} different ones"],
        };
        var numbers = new Dictionary<Rune, int>(alphabet.Select((character, i) => KeyValuePair.Create(character, i)));
        return alphabet.Length <= ByteValues
            ? Windows<byte>(file, [.. text.Select(c => (byte)numbers[c])], [.. testText.Select(c => (byte)numbers[c])], alphabet.Length, notes)
            : Windows<int>(file, [.. text.Select(c => numbers[c])], [.. testText.Select(c => numbers[c])], alphabet.Length, notes);
    }

    private (IDataSet Training, IDataSet Test) Windows<T>(string file, T[] tokens, T[] testTokens, int classes, DataNotes notes)
        where T : struct
    {
        var end = testTokens.Length > 0 ? tokens.Length : Split.FirstTestRow(tokens.Length);
        if (testTokens.Length == 0) testTokens = tokens[end..];
        if (end <= Time || testTokens.Length <= Time)
            throw DataFile.Bad(file, $"expected more than {Time} tokens to train on and to test on, got {end} and {testTokens.Length}");
        return (Make(tokens[..end], Shifted), Make(testTokens, shifted: false));

        TextWindows Make(T[] part, bool shifted) => new(OfArray(part), Time, classes, shifted) { Notes = notes };
    }

    private static Tensor OfArray<T>(T[] tokens)
        where T : struct => tokens switch
        {
            byte[] bytes => tensor(bytes),
            int[] numbers => tensor(numbers),
            _ => throw new ArgumentException("expected bytes or 32-bit numbers", nameof(tokens)),
        };

    private static Rune[] Characters(string file, byte[] bytes)
    {
        // A byte order mark is no character of the text.
        var text = bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes.AsSpan(3) : bytes;
        var characters = new List<Rune>(text.Length);
        for (var at = 0; at < text.Length;)
        {
            if (Rune.DecodeFromUtf8(text[at..], out var character, out var length) != System.Buffers.OperationStatus.Done)
            {
                var line = 1 + text[..at].Count((byte)'\n');
                throw DataFile.Bad($"{file}:{line}", $"expected UTF-8, got the byte 0x{text[at]:x2}; unit = bytes takes any file");
            }
            characters.Add(character);
            at += length;
        }
        return [.. characters];
    }

    private static byte[] ReadAll(string path) => DataFile.Read(path, stream =>
    {
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    });
}
