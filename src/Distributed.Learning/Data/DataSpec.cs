namespace Distributed.Learning;

/// <summary>
/// Which data a job trains on and is tested on.
/// <code>
/// data { format = digits, train = 8000, test = 2000 }                      the set that the program draws itself
/// data { format = idx, folders = [mnist, mnist8k], mean = 0.13, std = 0.31 }   files of the MNIST family
/// data { format = random, shape = [1, 28, 28], classes = 10, train = 1024, test = 256 }   noise, for benchmarks
/// </code>
/// </summary>
public sealed record DataSpec
{
    // More would not fit into one array of pixels.
    private const int MostSamples = 1_000_000;

    // Training and test sets are drawn from different streams, so that neither changes when the other one grows.
    private const ulong TrainingStream = 0x7472_6169_6E00_0001;
    private const ulong TestStream = 0x7465_7374_0000_0002;

    private DataSpec()
    {
    }

    /// <summary><c>digits</c>, <c>idx</c> or <c>random</c>.</summary>
    public required string Format { get; init; }

    /// <summary>The shape of one input, without the batch dimension; null where only the files know it.</summary>
    public IReadOnlyList<long>? InputShape { get; private init; }

    /// <summary>How many classes the targets come from.</summary>
    public required int Classes { get; init; }

    /// <summary>Samples to draw for training; 0 where files hold what they hold.</summary>
    public int TrainingSamples { get; private init; }

    /// <summary>Samples to draw for the test; 0 where files hold what they hold.</summary>
    public int TestSamples { get; private init; }

    /// <summary>Folders that may hold the files, the preferred one first; relative to the data folder.</summary>
    public IReadOnlyList<string> Folders { get; private init; } = [];

    /// <summary>What a byte of an image means.</summary>
    public Pixels Pixels { get; private init; } = Pixels.Plain;

    /// <summary>Reads the section <c>data</c> of a job.</summary>
    /// <param name="section">The section.</param>
    /// <param name="modelInput">The model's input shape, which random data takes over unless it has its own <c>shape</c>.</param>
    /// <exception cref="BadInputException">A key is missing, unknown or out of its range.</exception>
    public static DataSpec Read(SettingsSection section, IReadOnlyList<long>? modelInput = null)
    {
        var format = section.OneOf("format", null, "digits", "idx", "random");
        var spec = format switch
        {
            "digits" => new DataSpec
            {
                Format = format,
                InputShape = DrawnDigits.Shape,
                Classes = DrawnDigits.Classes,
                TrainingSamples = section.Integer("train", 8000, 1, MostSamples),
                TestSamples = section.Integer("test", 2000, 1, MostSamples),
                Pixels = DrawnDigits.Pixels,
            },
            "idx" => new DataSpec
            {
                Format = format,
                Folders = FolderNames(section),
                Classes = section.Integer("classes", 10, 1, 256),
                Pixels = new Pixels(section.Number("mean", 0, 0, 1), section.Number("std", 1, 1e-3, 1)),
            },
            _ => new DataSpec
            {
                Format = format,
                InputShape = RandomShape(section, modelInput),
                Classes = section.Integer("classes", 10, 1, int.MaxValue),
                TrainingSamples = section.Integer("train", 8192, 1, MostSamples),
                TestSamples = section.Integer("test", 1000, 1, MostSamples),
            },
        };
        section.RejectUnknownKeys();
        return spec;
    }

    /// <summary>Looks whether the files are there and begin as they should, without reading them whole.</summary>
    /// <param name="dataFolder">Where data lies on this machine.</param>
    /// <exception cref="BadInputException">A file is missing (and where to place it) or has a wrong header.</exception>
    public void CheckFiles(string dataFolder)
    {
        if (Format == "idx") IdxFolder.Find(dataFolder, Folders);
    }

    /// <summary>Reads or draws both sets into memory.</summary>
    /// <param name="dataFolder">Where data lies on this machine; not used by data that the program makes itself.</param>
    /// <param name="seed">The job's seed, which drawn and random data depend on.</param>
    /// <exception cref="BadInputException">A file is missing or damaged, or files do not fit together.</exception>
    public (IDataSet Training, IDataSet Test) Open(string dataFolder, long seed)
    {
        if (Format == "idx") return IdxFolder.Find(dataFolder, Folders).Open(Classes, Pixels);
        return (Make(TrainingSamples, TrainingStream), Make(TestSamples, TestStream));

        IDataSet Make(int samples, ulong stream)
        {
            var start = SplitMix64.Hash(unchecked((ulong)seed), stream);
            return Format == "digits" ? DrawnDigits.Create(samples, start) : RandomData.Create(samples, InputShape!, Classes, start);
        }
    }

    private static IReadOnlyList<string> FolderNames(SettingsSection section)
    {
        var names = section.Texts("folders");
        if (names.Count == 0) throw section.Error("folders", "expected at least one folder, got an empty list");
        // A job comes from elsewhere and must not make a node read whatever it likes.
        foreach (var name in names)
            if (Path.IsPathRooted(name) || name.Split('/', '\\').Contains(".."))
                throw section.Error("folders", $"expected folders below the data folder, got '{name}'");
        return names;
    }

    private static IReadOnlyList<long> RandomShape(SettingsSection section, IReadOnlyList<long>? modelInput)
    {
        var shape = section.Integers("shape", modelInput, 1, int.MaxValue);
        if (shape.Count == 0) throw section.Error("shape", "expected the sizes of one input, got an empty list");
        return shape;
    }
}
