namespace Distributed.Cli.Downloads;

/// <summary>A file of a public data set.</summary>
/// <param name="Name">Its name, on the server and here.</param>
/// <param name="Sha256">Its checksum, in small hexadecimal digits.</param>
internal sealed record PublicFile(string Name, string Sha256);

/// <summary>A public data set that <c>trainer data fetch</c> knows.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Folder">Where it goes, below the data folder.</param>
/// <param name="Source">The address that the names of its files are appended to.</param>
/// <param name="Files">What is downloaded.</param>
/// <param name="Unpacked">Files that an archive holds, with their size in bytes; empty where the downloaded files are the data.</param>
internal sealed record PublicDataSet(
    string Name, string Folder, string Source, IReadOnlyList<PublicFile> Files, IReadOnlyDictionary<string, long> Unpacked)
{
    /// <summary>All that are known.</summary>
    public static IReadOnlyList<PublicDataSet> All { get; } =
    [
        // SHA-256 of the files on Yann LeCun's page, as TensorFlow Datasets and many others pin them; torchvision's mirror has the same files.
        Plain(
            "mnist", "mnist", "https://ossci-datasets.s3.amazonaws.com/mnist/",
            new("train-images-idx3-ubyte.gz", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
            new("train-labels-idx1-ubyte.gz", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
            new("t10k-images-idx3-ubyte.gz", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
            new("t10k-labels-idx1-ubyte.gz", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6")),
        // The read-me of zalandoresearch/fashion-mnist gives MD5; these are the SHA-256 of the same files, pinned by many beside those MD5.
        Plain(
            "fashion-mnist", "fashion-mnist", "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            new("train-images-idx3-ubyte.gz", "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
            new("train-labels-idx1-ubyte.gz", "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
            new("t10k-images-idx3-ubyte.gz", "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
            new("t10k-labels-idx1-ubyte.gz", "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5")),
        // The page of CIFAR gives the MD5 c32a1d4ab5d03f1284b67883e8d87530; this is the SHA-256 of the same file, pinned by many beside it.
        new(
            "cifar-10", "cifar-10-batches-bin", "https://www.cs.toronto.edu/~kriz/",
            [new("cifar-10-binary.tar.gz", "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd")],
            new[] { "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin" }
                .ToDictionary(name => name, _ => 30_730_000L)),
        // Computed from the file; nanoGPT and char-rnn use the same one.
        Plain(
            "tinyshakespeare", "tinyshakespeare", "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/",
            new PublicFile("input.txt", "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed")),
    ];

    private static PublicDataSet Plain(string name, string folder, string source, params PublicFile[] files) =>
        new(name, folder, source, files, new Dictionary<string, long>());
}
