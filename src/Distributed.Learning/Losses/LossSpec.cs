namespace Distributed.Learning;

/// <summary>Which loss a job trains with.</summary>
/// <param name="Type"><c>cross-entropy</c> or <c>mean-squared-error</c>.</param>
public sealed record LossSpec(string Type)
{
    private const string Key = "loss";
    private const string CrossEntropyType = "cross-entropy";
    private const string MeanSquaredErrorType = "mean-squared-error";

    private static readonly string[] Types = [CrossEntropyType, MeanSquaredErrorType];

    /// <summary>
    /// Reads the key <c>loss</c> of a job: a bare word, or a section whose <c>type</c> is that word. Without it the loss is cross-entropy.
    /// </summary>
    /// <param name="job">The section that holds the key.</param>
    /// <exception cref="BadInputException">The word or a key of the section is unknown.</exception>
    public static LossSpec Read(SettingsSection job)
    {
        if (!job.Has(Key)) return new LossSpec(CrossEntropyType);
        // A section that is a bare word is refused; then the word is read, whose own error lists what is allowed.
        SettingsSection section;
        try
        {
            section = job.Section(Key);
        }
        catch (BadInputException)
        {
            return new LossSpec(job.OneOf(Key, null, Types));
        }
        var spec = new LossSpec(section.OneOf("type", null, Types));
        section.RejectUnknownKeys();
        return spec;
    }

    /// <summary>The function itself; it has no state.</summary>
    /// <exception cref="BadInputException">The type is none of those that <see cref="Read"/> lets through.</exception>
    public ILossFunction Create() => Type switch
    {
        CrossEntropyType => new CrossEntropy(),
        MeanSquaredErrorType => new MeanSquaredError(),
        _ => throw new BadInputException($"{Key}: expected one of {string.Join(", ", Types)}, got '{Type}'"),
    };
}
