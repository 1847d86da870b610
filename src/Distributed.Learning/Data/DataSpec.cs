namespace Distributed.Learning;

/// <summary>
/// Which data a job trains on and is tested on: its section <c>data { format = …, … }</c>. Each format is a record of its own in
/// <c>Data/Formats</c>, listed once in <see cref="DataFormats"/>.
/// </summary>
public abstract record DataSpec
{
    /// <summary>The format's name as it is written in a job, such as <c>idx</c>.</summary>
    public abstract string Format { get; }

    /// <summary>The shape of one input, without the batch dimension; null where only the files know it.</summary>
    public virtual IReadOnlyList<long>? InputShape => null;

    /// <summary>How many classes the targets come from; null where only the files know it, or where targets are values.</summary>
    public virtual int? KnownClasses => null;

    /// <summary>How training images are changed at random; null for not at all.</summary>
    public Augmentation? Augmentation { get; private init; }

    /// <summary>Whether decoded data may be kept for other processes and later starts: <c>cache = on</c> (default) or <c>off</c>.</summary>
    public bool Cached { get; private init; } = true;

    // Everything that the job says of the data and that decoding may depend on.
    private string Settings { get; init; } = "";

    // What the data must fit, and the file that says so; null where no model was given.
    private IReadOnlyList<long>? ModelInput { get; init; }

    private IReadOnlyList<long>? ModelOutput { get; init; }

    private string File { get; init; } = "";

    /// <summary>Reads the section <c>data</c> of a job.</summary>
    /// <param name="section">The section.</param>
    /// <param name="modelInput">The model's input shape, which the data must have; random data takes it over.</param>
    /// <param name="modelOutput">The model's output shape: a score for each class, or a number for each value to predict.</param>
    /// <exception cref="BadInputException">A key is missing, unknown or out of its range.</exception>
    public static DataSpec Read(
        SettingsSection section, IReadOnlyList<long>? modelInput = null, IReadOnlyList<long>? modelOutput = null)
    {
        var augment = section.OptionalSection("augment");
        var cached = section.Flag("cache", true);
        var spec = DataFormats.Read(section, modelInput) with
        {
            File = section.File,
            Cached = cached,
            Settings = section.Canonical(except: ["augment", "cache"]),
            Augmentation = augment is null ? null : Augmentation.Read(augment),
            ModelInput = modelInput,
            ModelOutput = modelOutput,
        };
        section.RejectUnknownKeys();
        if (spec.InputShape is { } shape) spec.CheckInput(shape);
        if (spec.KnownClasses is { } classes) spec.CheckClasses(classes);
        return spec;
    }

    /// <summary>
    /// Looks whether the files are there and begin as they should. Tables and texts, which are read fast, are read whole, so that every
    /// error in them is known before any process starts.
    /// </summary>
    /// <param name="dataFolder">Where data lies on this machine.</param>
    /// <param name="cache">Where decoded data is kept; null for nowhere.</param>
    /// <exception cref="BadInputException">A file is missing (and where to place it), is damaged, or does not fit the model.</exception>
    public virtual void CheckFiles(string dataFolder, DataCache? cache = null)
    {
    }

    /// <summary>Reads or draws both sets into memory.</summary>
    /// <param name="dataFolder">Where data lies on this machine; not used by data that the program makes itself.</param>
    /// <param name="seed">The job's seed, which drawn and random data depend on.</param>
    /// <param name="cache">Where decoded data is kept for other processes and later starts; null for nowhere. The data is the same.</param>
    /// <exception cref="BadInputException">A file is missing or damaged, files do not fit together, or the model does not fit them.</exception>
    public (IDataSet Training, IDataSet Test) Open(string dataFolder, long seed, DataCache? cache = null)
    {
        var (training, test) = cache is not null && Cached && Sources(dataFolder) is { } files
            ? cache.Open(Settings, dataFolder, files, () => Load(dataFolder, seed)) : Load(dataFolder, seed);
        try
        {
            CheckFit(training);
            return (Augmentation is null ? training : new AugmentedDataSet(training, Augmentation, Black), test);
        }
        catch
        {
            training.Dispose();
            test.Dispose();
            throw;
        }
    }

    /// <summary>Reads or draws both sets.</summary>
    private protected abstract (IDataSet Training, IDataSet Test) Load(string dataFolder, long seed);

    /// <summary>
    /// The files that all of the data follows from, besides the job's own words and never the seed; null where data is made faster than it is
    /// found in a cache.
    /// </summary>
    /// <exception cref="BadInputException">A file is missing.</exception>
    private protected virtual IReadOnlyList<string>? Sources(string dataFolder) => null;

    /// <summary>What a black pixel is to the model, one number or one for each channel.</summary>
    private protected virtual float[] Black => [0];

    /// <summary>For formats that <see cref="CheckFiles"/> reads whole.</summary>
    private protected void OpenAndClose(string dataFolder, DataCache? cache)
    {
        var (training, test) = Open(dataFolder, seed: 0, cache);
        training.Dispose();
        test.Dispose();
    }

    private void CheckFit(IDataSet training)
    {
        CheckInput(training.InputShape);
        if (Augmentation is not null && !Augmentation.Fits(training.InputShape, training.Tokens > 0))
            throw new BadInputException(
                $"{File}: data.augment: expected images [channels, height, width] (noise: numbers of any shape),"
                + $" got samples {ModelSpec.Shape(training.InputShape)}{(training.Tokens > 0 ? " of tokens" : "")}");
        if (training.Classes > 0) CheckClasses(training.Classes);
        if (ModelOutput is not null && training.Classes == 0 && Elements(ModelOutput) != Elements(training.TargetShape))
            throw new BadInputException(
                $"{File}: model.layers: expected {ModelSpec.Shape(training.TargetShape)} to come out, as the data's targets are,"
                + $" got {ModelSpec.Shape(ModelOutput)}");
    }

    private void CheckClasses(int classes)
    {
        if (ModelOutput is not null && (ModelOutput.Count == 0 || ModelOutput[^1] < classes))
            throw new BadInputException(
                $"{File}: model.layers: expected {classes} scores to come out, one for each class of the data, got {ModelSpec.Shape(ModelOutput)}");
    }

    private void CheckInput(IReadOnlyList<long> shape)
    {
        if (ModelInput is not null && !ModelInput.SequenceEqual(shape))
            throw new BadInputException(
                $"{File}: model.input: expected {ModelSpec.Shape(shape)}, the shape of a sample of this data, got {ModelSpec.Shape(ModelInput)}");
    }

    private static long Elements(IReadOnlyList<long> shape) => shape.Aggregate(1L, (product, size) => product * size);
}
