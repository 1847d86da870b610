using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// CIFAR-10 in its binary version (Krizhevsky, "Learning multiple layers of features from tiny images", 2009):
/// <c>data { format = cifar10, folders = [cifar-10-batches-bin], mean = [0.491, 0.482, 0.447], std = [0.247, 0.243, 0.262] }</c>.
/// A file is a sequence of records: one byte for the class, then 32 × 32 bytes each of red, green and blue.
/// </summary>
/// <param name="Folders">Folders that may hold the files, the preferred one first; relative to the data folder.</param>
/// <param name="Pixels">What a byte of an image means.</param>
internal sealed record Cifar10Data(IReadOnlyList<string> Folders, Pixels Pixels) : DataSpec
{
    public const string Name = "cifar10";

    private const int ImageBytes = 3 * 32 * 32;
    private const int RecordBytes = 1 + ImageBytes;

    private static readonly string[] TrainingFiles = [.. Enumerable.Range(1, 5).Select(number => $"data_batch_{number}.bin")];
    private static readonly string[] TestFiles = ["test_batch.bin"];

    private static readonly string[] ClassNames =
        ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    public override string Format => Name;

    public override IReadOnlyList<long> InputShape { get; } = [3, 32, 32];

    public static Cifar10Data Read(SettingsSection section) => new(
        section.Has("folders") ? DataFile.Names(section, "folders", "folder") : ["cifar-10-batches-bin", "cifar10"],
        Pixels.Read(section, channels: 3));

    public override void CheckFiles(string dataFolder, DataCache? cache = null) => Sources(dataFolder);

    private protected override IReadOnlyList<string> Sources(string dataFolder)
    {
        var folder = Folder(dataFolder);
        return [.. TrainingFiles.Concat(TestFiles).Select(name => DataFile.Find(folder, name))];
    }

    private protected override float[] Black => Pixels.Black;

    private protected override (IDataSet Training, IDataSet Test) Load(string dataFolder, long seed)
    {
        var folder = Folder(dataFolder);
        var training = Read(folder, TrainingFiles);
        try
        {
            return (training, Read(folder, TestFiles));
        }
        catch
        {
            training.Dispose();
            throw;
        }
    }

    private string Folder(string dataFolder) =>
        Folders.Select(name => Path.Combine(dataFolder, name)).FirstOrDefault(Directory.Exists)
        ?? throw new BadInputException(
            $"{dataFolder}: expected a folder {string.Join(" or ", Folders)} with data_batch_1.bin and its five companions"
            + " (CIFAR-10, binary version), got none; place it there or name another data folder with --data");

    private TensorDataSet Read(string folder, string[] names)
    {
        byte[][] files = [.. names.Select(name => ReadFile(DataFile.Find(folder, name)))];
        var records = files.Sum(file => file.Length / RecordBytes);
        var images = new byte[records * (long)ImageBytes];
        var labels = new byte[records];
        var record = 0;
        foreach (var file in files)
            for (var at = 0; at < file.Length; at += RecordBytes, record++)
            {
                labels[record] = file[at];
                file.AsSpan(at + 1, ImageBytes).CopyTo(images.AsSpan(record * ImageBytes));
            }
        using var flat = frombuffer(images, ScalarType.Byte);
        using var classes = frombuffer(labels, ScalarType.Byte);
        return new TensorDataSet(
            flat.view(records, 3, 32, 32), classes.to_type(ScalarType.Int64), ClassNames.Length, Pixels)
        {
            Notes = new DataNotes { ClassNames = ClassNames },
        };
    }

    private static byte[] ReadFile(string path) => DataFile.Read(path, stream =>
    {
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        var bytes = memory.ToArray();
        if (bytes.Length == 0 || bytes.Length % RecordBytes != 0)
            throw DataFile.Bad(path, $"expected whole records of {RecordBytes} bytes, got {bytes.Length} bytes");
        for (var at = 0; at < bytes.Length; at += RecordBytes)
            if (bytes[at] >= ClassNames.Length)
                throw DataFile.Bad(path, $"expected classes from 0 to {ClassNames.Length - 1}, got {bytes[at]} at record {at / RecordBytes}");
        return bytes;
    });
}
