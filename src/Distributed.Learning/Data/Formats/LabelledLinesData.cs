using System.Text;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Sentences to classify, one a line after its label and a space or tab:
/// <c>data { format = labelled-lines, file = "sentences/mr.txt", length = 56, vocabulary = 20000, test-every = 10 }</c>.
/// Words stand between spaces, and small and capital letters are the same unless <c>lowercase = no</c>. A sample is int64, <c>[length]</c>:
/// longer sentences are cut, shorter ones filled up with 0 at the end; 1 stands for every word without a number. The
/// vocabulary is made of the training sentences alone: the most frequent words, at least <c>min-count</c> times there. All numbers are below
/// <c>vocabulary</c>, so an embedding needs that many tokens whatever the text.
/// </summary>
internal sealed record LabelledLinesData(
    string File, int Length, int VocabularySize, int MinCount, bool Lowercase, bool SkipBadRows, Split Split) : DataSpec
{
    public const string Name = "labelled-lines";

    /// <summary>Fills a sentence up.</summary>
    public const string Padding = "<pad>";

    /// <summary>Stands for a word that has no number.</summary>
    public const string Unknown = "<unknown>";

    private static readonly char[] Spaces = [' ', '\t'];

    public override string Format => Name;

    public override IReadOnlyList<long> InputShape => [Length];

    public override int? KnownTokens => VocabularySize;

    public static LabelledLinesData Read(SettingsSection section) => new(
        DataFile.Name(section, "file"),
        section.Integer("length", 64, 1, 1 << 16),
        section.Integer("vocabulary", 20_000, 3, 1 << 24),
        section.Integer("min-count", 1, 1),
        section.Flag("lowercase", true),
        RowProblems.ReadSkip(section),
        Split.Read(section, Split.Fraction(0.2)));

    public override void CheckFiles(string dataFolder, DataCache? cache = null) => OpenAndClose(dataFolder, cache);

    private protected override IReadOnlyList<string> Sources(string dataFolder) =>
        [DataFile.Find(dataFolder, File), .. Split.File is { } testFile ? (string[])[DataFile.Find(dataFolder, testFile)] : []];

    private protected override (IDataSet Training, IDataSet Test) Load(string dataFolder, long seed)
    {
        var problems = new RowProblems(SkipBadRows);
        var file = DataFile.Find(dataFolder, File);
        var lines = ReadLines(file, problems);
        var ownLines = lines.Count;
        if (Split.File is { } testFile) lines.AddRange(ReadLines(DataFile.Find(dataFolder, testFile), problems));

        var labels = Labels.InOrder(lines.Take(ownLines).Select(line => line.Label));
        var numbers = Numbers(labels);
        var known = new List<Line>(lines.Count);
        foreach (var line in lines)
            if (numbers.ContainsKey(line.Label)) known.Add(line);
            else problems.Report(line.File, line.Number, null, Labels.Unknown(line.Label, labels));

        int[] classes = [.. known.Select(line => numbers[line.Label])];
        var (training, test) = Split.Divide(known.Count, known.Count - Math.Min(ownLines, known.Count), classes);
        if (training.Length == 0 || test.Length == 0)
            throw DataFile.Bad(file, $"expected sentences to train on and to test on, got {training.Length} and {test.Length}");
        var vocabulary = BuildVocabulary(training.Select(row => known[row]));
        return (
            Encode(training, known, classes, labels, vocabulary, problems),
            Encode(test, known, classes, labels, vocabulary, problems));
    }

    private List<Line> ReadLines(string path, RowProblems problems) => DataFile.Read(path, stream =>
    {
        var lines = new List<Line>();
        using var reader = new StreamReader(stream, new UTF8Encoding(false, throwOnInvalidBytes: true));
        var number = 0;
        try
        {
            while (reader.ReadLine() is { } text)
            {
                number++;
                var end = text.IndexOfAny(Spaces);
                var words = end < 0 ? [] : Words(text[(end + 1)..]);
                if (end <= 0 || words.Length == 0)
                    problems.Report(path, number, null, $"expected a label, a space and a sentence, got '{RowProblems.Shown(text)}'");
                else lines.Add(new Line(path, number, text[..end], words));
            }
        }
        catch (DecoderFallbackException e)
        {
            throw DataFile.Bad(path, $"expected UTF-8, got other bytes after line {number}", e);
        }
        return lines;
    });

    private string[] Words(string sentence) =>
        (Lowercase ? sentence.ToLowerInvariant() : sentence).Split(Spaces, StringSplitOptions.RemoveEmptyEntries);

    private static Dictionary<string, int> Numbers(string[] entries) =>
        new(entries.Select((entry, i) => KeyValuePair.Create(entry, i)), StringComparer.Ordinal);

    private Vocabulary BuildVocabulary(IEnumerable<Line> training)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var line in training)
            foreach (var word in line.Words) counts[word] = counts.GetValueOrDefault(word) + 1;
        var frequent = counts.Where(pair => pair.Value >= MinCount && pair.Key is not Padding and not Unknown)
            .OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal)
            .Take(VocabularySize - 2).Select(pair => pair.Key);
        return new Vocabulary([Padding, Unknown, .. frequent], separator: " ");
    }

    private TensorDataSet Encode(
        int[] rows, List<Line> lines, int[] classes, string[] labels, Vocabulary vocabulary, RowProblems problems)
    {
        var tokens = new long[rows.Length * (long)Length];
        long words = 0, unknown = 0;
        var cut = 0;
        for (var i = 0; i < rows.Length; i++)
        {
            var line = lines[rows[i]];
            words += line.Words.Length;
            if (line.Words.Length > Length) cut++;
            for (var place = 0; place < line.Words.Length; place++)
            {
                var number = vocabulary.NumberOf(line.Words[place]);
                if (number is null) unknown++;
                if (place < Length) tokens[i * (long)Length + place] = number ?? 1;
            }
        }
        using var flat = tensor(tokens);
        return new TensorDataSet(flat.view(rows.Length, Length), tensor(rows.Select(row => (long)classes[row]).ToArray()), labels.Length)
        {
            Tokens = VocabularySize,
            Notes = new DataNotes
            {
                ClassNames = labels,
                Vocabulary = vocabulary,
                SkippedRows = problems.Skipped,
                FirstSkippedRow = problems.First,
                Findings =
                [
                    $"{vocabulary.Count} of at most {VocabularySize} numbers in use, padding and unknown included",
                    $"{words} words, {unknown} of them unknown; {cut} sentences longer than {Length} words are cut",
                ],
            },
        };
    }

    private sealed record Line(string File, int Number, string Label, string[] Words);
}
