namespace Distributed.Learning;

/// <summary>
/// A folder with the four files of an MNIST-like set, such as <c>train-images-idx3-ubyte.gz</c>, compressed or not.
/// </summary>
internal sealed class IdxFolder
{
    private readonly string folder;

    private IdxFolder(string folder) => this.folder = folder;

    /// <summary>
    /// The first of the named folders below the data folder that exists, or the data folder itself when it holds the files.
    /// Looks at names and headers only.
    /// </summary>
    /// <param name="dataFolder">Where data lies on this machine.</param>
    /// <param name="names">Folders below it, the preferred one first.</param>
    /// <exception cref="BadInputException">There is no such folder, a file is missing, or its header is wrong.</exception>
    public static IdxFolder Find(string dataFolder, IReadOnlyList<string> names)
    {
        var path = names.Select(name => Path.Combine(dataFolder, name)).FirstOrDefault(Directory.Exists)
            ?? (TryFile(dataFolder, "train", Images) is null ? null : dataFolder);
        if (path is null)
            throw new BadInputException(
                $"{dataFolder}: expected a folder {string.Join(" or ", names)} with {FileName("train", Images)}[.gz]"
                + " and its three companions (the MNIST format), got none; place it there or name another data folder with --data");
        var found = new IdxFolder(path);
        foreach (var part in (string[])["train", "t10k"])
        {
            IdxFile.ReadDimensions(found.File(part, Images), Images.Dimensions);
            IdxFile.ReadDimensions(found.File(part, Labels), Labels.Dimensions);
        }
        return found;
    }

    /// <summary>The paths of the four files.</summary>
    public IReadOnlyList<string> Files => [File("train", Images), File("train", Labels), File("t10k", Images), File("t10k", Labels)];

    /// <summary>Reads the training and the test set.</summary>
    /// <param name="classes">Labels are in [0, classes).</param>
    /// <param name="pixels">What a byte means.</param>
    /// <exception cref="BadInputException">A file is damaged or the files do not fit together.</exception>
    public (IDataSet Training, IDataSet Test) Open(int classes, Pixels pixels)
    {
        var training = Read("train", classes, pixels);
        try
        {
            var test = Read("t10k", classes, pixels);
            if (training.InputShape.SequenceEqual(test.InputShape)) return (training, test);
            test.Dispose();
            throw new BadInputException(
                $"{File("t10k", Images)}: expected images of the training set's size, {string.Join(" x ", training.InputShape.Skip(1))}"
                + $" pixels, got {string.Join(" x ", test.InputShape.Skip(1))}");
        }
        catch
        {
            training.Dispose();
            throw;
        }
    }

    private TensorDataSet Read(string part, int classes, Pixels pixels)
    {
        var imageFile = File(part, Images);
        var labelFile = File(part, Labels);
        var images = IdxFile.Read(imageFile, Images.Dimensions);
        var labels = IdxFile.Read(labelFile, Labels.Dimensions);
        if (labels.Bytes.Length != images.Dimensions[0])
            throw new BadInputException(
                $"{labelFile}: expected {images.Dimensions[0]} labels, one for each image of {imageFile}, got {labels.Bytes.Length}");
        var wrong = labels.Bytes.AsSpan().IndexOfAnyExceptInRange((byte)0, (byte)(classes - 1));
        if (wrong >= 0)
            throw new BadInputException(
                $"{labelFile}: expected labels from 0 to {classes - 1}, got {labels.Bytes[wrong]} at sample {wrong}");
        return TensorDataSet.OfBytes(images.Bytes, labels.Bytes, [1, images.Dimensions[1], images.Dimensions[2]], classes, pixels);
    }

    private string File(string part, FileRole role) =>
        TryFile(folder, part, role)
        ?? throw new BadInputException(
            $"{Path.Combine(folder, FileName(part, role))}[.gz]: missing; expected the four files of an MNIST-like set");

    private static string? TryFile(string folder, string part, FileRole role)
    {
        var path = Path.Combine(folder, FileName(part, role));
        return System.IO.File.Exists(path) ? path : System.IO.File.Exists(path + ".gz") ? path + ".gz" : null;
    }

    private static string FileName(string part, FileRole role) => $"{part}-{role.Name}-idx{role.Dimensions}-ubyte";

    private static FileRole Images { get; } = new("images", 3);

    private static FileRole Labels { get; } = new("labels", 1);

    private readonly record struct FileRole(string Name, int Dimensions);
}
