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

    /// <summary>How many different tokens the samples are made of, 0 where they are none; null where only the files know it.</summary>
    public virtual int? KnownTokens => 0;

    /// <summary>Where <see cref="KnownClasses"/> is known: the shape of a target, empty for one class a sample.</summary>
    private protected virtual IReadOnlyList<long> TargetShape => [];

    /// <summary>From text to the tokens of one of this spec's data sets and back; null where the data is no running text.</summary>
    /// <param name="data">A data set that this spec has opened.</param>
    public virtual TextCodec? TextOf(IDataSet data) => null;

    /// <summary>How training images are changed at random; null for not at all.</summary>
    public Augmentation? Augmentation { get; private init; }

    /// <summary>Whether decoded data may be kept for other processes and later starts: <c>cache = on</c> (default) or <c>off</c>.</summary>
    public bool Cached { get; private init; } = true;

    // Everything that the job says of the data and that decoding may depend on.
    private string Settings { get; init; } = "";

    // What the data must fit.
    private DataFit Fit { get; init; } = new("", null, null, null, null);

    /// <summary>Reads the section <c>data</c> of a job.</summary>
    /// <param name="section">The section.</param>
    /// <param name="modelInput">The model's input shape, which the data must have; random data takes it over.</param>
    /// <param name="modelOutput">The model's output shape: a score for each class, or a number for each value to predict.</param>
    /// <param name="modelTokens">How many different tokens the model knows; 0 for one that takes numbers; null where nobody knows.</param>
    /// <param name="loss">The job's loss, which says what outputs must be.</param>
    /// <exception cref="BadInputException">A key is missing, unknown or out of its range, or model and loss do not fit the data.</exception>
    public static DataSpec Read(
        SettingsSection section, IReadOnlyList<long>? modelInput = null, IReadOnlyList<long>? modelOutput = null, int? modelTokens = null,
        LossSpec? loss = null)
    {
        var augment = section.OptionalSection("augment");
        var cached = section.Flag("cache", true);
        var spec = DataFormats.Read(section, modelInput) with
        {
            Cached = cached,
            Settings = section.Canonical(except: ["augment", "cache"]),
            Augmentation = augment is null ? null : Augmentation.Read(augment),
            Fit = new DataFit(section.File, modelInput, modelOutput, modelTokens, loss),
        };
        section.RejectUnknownKeys();
        if (spec.InputShape is { } shape) spec.Fit.CheckInput(shape);
        if (spec.KnownTokens is { } tokens) spec.Fit.CheckTokens(tokens);
        if (spec.KnownClasses is { } classes) spec.Fit.CheckClasses(classes, spec.TargetShape);
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

    /// <summary>The files that all of the data follows from, besides the job's own words and its seed; none where the program makes the data.</summary>
    /// <param name="dataFolder">Where data lies on this machine.</param>
    /// <exception cref="BadInputException">A file is missing.</exception>
    public virtual IReadOnlyList<string> Files(string dataFolder) => Sources(dataFolder) ?? [];

    /// <summary>What a black pixel is to the model, one number or one for each channel.</summary>
    private protected virtual float[] Black => [0];

    /// <summary>For formats whose <see cref="CheckFiles"/> finds out what the classes are.</summary>
    private protected void CheckClasses(int classes) => Fit.CheckClasses(classes, TargetShape);

    /// <summary>For formats that <see cref="CheckFiles"/> reads whole.</summary>
    private protected void OpenAndClose(string dataFolder, DataCache? cache)
    {
        var (training, test) = Open(dataFolder, seed: 0, cache);
        training.Dispose();
        test.Dispose();
    }

    private void CheckFit(IDataSet training)
    {
        Fit.CheckInput(training.InputShape);
        if (training.Tokens > 0) Fit.CheckTokens(training.Tokens);
        if (Augmentation is not null && !Augmentation.Fits(training.InputShape, training.Tokens > 0))
            throw new BadInputException(
                $"{Fit.File}: data.augment: expected images [channels, height, width] (noise: numbers of any shape),"
                + $" got samples {ModelSpec.Shape(training.InputShape)}{(training.Tokens > 0 ? " of tokens" : "")}");
        if (training.Classes > 0) Fit.CheckClasses(training.Classes, training.TargetShape);
        else Fit.CheckValues(training.TargetShape);
    }
}
