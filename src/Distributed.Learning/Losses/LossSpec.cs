namespace Distributed.Learning;

/// <summary>
/// Which loss a job trains with: <c>loss = cross-entropy</c>, or with options
/// <c>loss { type = cross-entropy, label-smoothing = 0.1, class-weights = balanced }</c>.
/// </summary>
/// <param name="Type">
/// <c>cross-entropy</c>, <c>negative-log-likelihood</c>, <c>binary-cross-entropy</c>, <c>mean-squared-error</c>, <c>mean-absolute-error</c>
/// or <c>huber</c>.
/// </param>
public sealed record LossSpec(string Type)
{
    private const string Key = "loss";
    private const string ClassWeightsKey = "class-weights";
    private const string CrossEntropyType = "cross-entropy";
    private const string NegativeLogLikelihoodType = "negative-log-likelihood";
    internal const string BinaryCrossEntropyType = "binary-cross-entropy";
    private const string MeanSquaredErrorType = "mean-squared-error";
    private const string MeanAbsoluteErrorType = "mean-absolute-error";
    private const string HuberType = "huber";

    private static readonly string[] Types =
    [
        CrossEntropyType, NegativeLogLikelihoodType, BinaryCrossEntropyType, MeanSquaredErrorType, MeanAbsoluteErrorType, HuberType,
    ];

    /// <summary>Cross-entropy: the share of the target's probability that is spread over all classes, in [0, 1).</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>
    /// Cross-entropy and negative log-likelihood: what a sample of each class counts; null for 1 each. The mean remains one over samples,
    /// <c>Σ wᵢ lᵢ / N</c>.
    /// </summary>
    public IReadOnlyList<double>? ClassWeights { get; init; }

    /// <summary>Whether the class weights follow from how often each class occurs in the training data.</summary>
    public bool Balanced { get; init; }

    /// <summary>Huber: the difference from which on the loss grows linearly, above 0.</summary>
    public double Delta { get; init; } = 1;

    /// <summary>Whether the targets are classes of which the greatest output is the answer, so that right ones can be counted.</summary>
    public bool IsClassification => Type is CrossEntropyType or NegativeLogLikelihoodType;

    /// <summary>
    /// Reads the key <c>loss</c> of a job: a bare word, or a section whose <c>type</c> is that word. Without it the loss is cross-entropy.
    /// </summary>
    /// <param name="job">The section that holds the key.</param>
    /// <exception cref="BadInputException">The word or a key of the section is unknown, or a value out of its range.</exception>
    public static LossSpec Read(SettingsSection job)
    {
        if (!job.HasSection(Key)) return new LossSpec(job.OneOf(Key, CrossEntropyType, Types));
        var section = job.Section(Key);
        var spec = new LossSpec(section.OneOf("type", null, Types));
        if (spec.Type == CrossEntropyType)
            spec = spec with { LabelSmoothing = section.Number("label-smoothing", 0, 0, Math.BitDecrement(1.0)) };
        if (spec.Type == HuberType)
            spec = spec with { Delta = section.Number("delta", 1, double.Epsilon) };
        if (spec.IsClassification)
            spec = ReadWeights(section, spec);
        section.RejectUnknownKeys();
        return spec;
    }

    /// <summary>The function itself; it has no state.</summary>
    /// <param name="training">The training data, whose classes are counted where the weights are to be balanced.</param>
    /// <exception cref="BadInputException">The type is none of those that <see cref="Read"/> lets through.</exception>
    /// <exception cref="ArgumentNullException">The weights are to be balanced and there is no data.</exception>
    public ILossFunction Create(IDataSet? training = null)
    {
        if (Balanced) ArgumentNullException.ThrowIfNull(training);
        var weights = Balanced ? ClassWeighting.Balanced(training!) : ClassWeights is null ? null : new ClassWeighting(ClassWeights);
        return Type switch
        {
            CrossEntropyType => new CrossEntropy(LabelSmoothing, weights),
            NegativeLogLikelihoodType => new NegativeLogLikelihood(weights),
            BinaryCrossEntropyType => new BinaryCrossEntropy(),
            MeanSquaredErrorType => new MeanSquaredError(),
            MeanAbsoluteErrorType => new MeanAbsoluteError(),
            HuberType => new Huber(Delta),
            _ => throw new BadInputException($"{Key}: expected one of {string.Join(", ", Types)}, got '{Type}'"),
        };
    }

    private static LossSpec ReadWeights(SettingsSection section, LossSpec spec) =>
        !section.Has(ClassWeightsKey) ? spec
        : section.HasList(ClassWeightsKey) ? spec with { ClassWeights = section.Numbers(ClassWeightsKey, null, 0, double.PositiveInfinity) }
        : spec with { Balanced = section.OneOf(ClassWeightsKey, null, "balanced") == "balanced" };
}
