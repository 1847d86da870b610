using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Images in folders that are named by their class:
/// <c>data { format = images, folder = pets, size = [64, 64], channels = 3, test-fraction = 0.2, stratified = yes }</c>,
/// or with a second folder of the same classes for testing, <c>test-file = "pets-test"</c>. Classes are numbered in the order of their names.
/// </summary>
/// <param name="Folder">The folder with a folder for each class, relative to the data folder.</param>
/// <param name="Height">Every image is brought to this height …</param>
/// <param name="Width">… and width.</param>
/// <param name="Channels">1 for grey, 3 for colours.</param>
/// <param name="Pixels">What a byte of an image means.</param>
/// <param name="SkipBadFiles">Whether files that are no images are left out and counted.</param>
/// <param name="Split">Which images are for testing.</param>
internal sealed record ImageFolderData(
    string Folder, int Height, int Width, int Channels, Pixels Pixels, bool SkipBadFiles, Split Split) : DataSpec
{
    public const string Name = "images";

    public override string Format => Name;

    public override IReadOnlyList<long> InputShape => [Channels, Height, Width];

    public static ImageFolderData Read(SettingsSection section)
    {
        var size = section.Integers("size", null, 1, 4096);
        if (size.Count != 2) throw section.Error("size", $"expected [height, width], got {size.Count} numbers");
        var channels = section.Integer("channels", 3, 1, 3);
        if (channels == 2) throw section.Error("channels", "expected 1 (grey) or 3 (colours), got 2");
        return new ImageFolderData(
            DataFile.Name(section, "folder"), (int)size[0], (int)size[1], channels, Pixels.Read(section, channels),
            RowProblems.ReadSkip(section), Split.Read(section, Split.Fraction(0.2)));
    }

    public override void CheckFiles(string dataFolder, DataCache? cache = null) => Sources(dataFolder);

    private protected override IReadOnlyList<string> Sources(string dataFolder)
    {
        var classes = Classes(dataFolder, Folder);
        CheckClasses(classes.Length);
        var files = Files(dataFolder, Folder, classes);
        if (Split.File is { } testFolder) files.AddRange(Files(dataFolder, testFolder, classes));
        return [.. files.Select(file => file.Path)];
    }

    private protected override float[] Black => Pixels.Black;

    private protected override (IDataSet Training, IDataSet Test) Load(string dataFolder, long seed)
    {
        var classes = Classes(dataFolder, Folder);
        var files = Files(dataFolder, Folder, classes);
        var ofTest = Split.File is { } testFolder ? Files(dataFolder, testFolder, classes) : [];
        files.AddRange(ofTest);
        var (training, test) = Split.Divide(files.Count, ofTest.Count, [.. files.Select(file => file.Class)]);
        if (training.Length == 0 || test.Length == 0)
            throw DataFile.Bad(Folder, $"expected images to train on and to test on, got {training.Length} and {test.Length}");
        var problems = new RowProblems(SkipBadFiles);
        var (images, testImages) = (Decode(training, files, problems), Decode(test, files, problems));
        var notes = new DataNotes { ClassNames = classes, SkippedRows = problems.Skipped, FirstSkippedRow = problems.First };
        return (Make(images, notes), Make(testImages, notes));
    }

    private static string[] Classes(string dataFolder, string name)
    {
        var folder = Path.Combine(dataFolder, name);
        string[] classes = Directory.Exists(folder)
            ? [.. Directory.GetDirectories(folder).Select(path => Path.GetFileName(path)).Where(n => n[0] != '.').Order(StringComparer.Ordinal)] : [];
        return classes.Length > 0 ? classes : throw DataFile.Bad(
            folder, "expected a folder with a folder of images for each class, got none; place it there or name another data folder with --data");
    }

    private static List<(string Path, int Class)> Files(string dataFolder, string name, string[] classes)
    {
        var files = new List<(string, int)>();
        foreach (var found in Classes(dataFolder, name))
        {
            var number = Array.IndexOf(classes, found);
            var folder = Path.Combine(dataFolder, name, found);
            if (number < 0) throw DataFile.Bad(folder, $"expected a class of the training set ({string.Join(", ", classes)})");
            var images = Directory.GetFiles(folder).Where(path => Path.GetFileName(path)[0] != '.').Order(StringComparer.Ordinal).ToArray();
            if (images.Length == 0) throw DataFile.Bad(folder, "expected images, got an empty folder");
            files.AddRange(images.Select(image => (image, number)));
        }
        return files;
    }

    private (byte[] Images, List<long> Labels) Decode(int[] part, List<(string Path, int Class)> files, RowProblems problems)
    {
        var size = Channels * Height * Width;
        if ((long)part.Length * size > Array.MaxLength)
            throw DataFile.Bad(
                Folder, $"expected images of at most {Array.MaxLength} bytes in all, got {(long)part.Length * size}; choose a smaller size");
        var images = new byte[part.Length * size];
        var labels = new List<long>(part.Length);
        foreach (var row in part)
            try
            {
                ImageFile.Read(files[row].Path, Channels, Height, Width, images.AsSpan(labels.Count * size, size));
                labels.Add(files[row].Class);
            }
            catch (BadInputException exception) when (SkipBadFiles)
            {
                problems.Skip(exception.Message);
            }
        return labels.Count > 0 ? (images, labels)
            : throw DataFile.Bad(Folder, $"expected images to train on and to test on, got {part.Length} files that are none; {problems.First}");
    }

    private TensorDataSet Make((byte[] Images, List<long> Labels) part, DataNotes notes)
    {
        var count = part.Labels.Count;
        using var flat = frombuffer(part.Images, ScalarType.Byte);
        using var good = flat.narrow(0, 0, count * (long)Channels * Height * Width);
        return new TensorDataSet(good.view(count, Channels, Height, Width), tensor(part.Labels.ToArray()), notes.ClassNames.Count, Pixels)
        {
            Notes = notes,
        };
    }
}
