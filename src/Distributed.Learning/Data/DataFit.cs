namespace Distributed.Learning;

/// <summary>What a job's model and loss ask of its data, and the errors where data and they do not fit. What is null asks nothing.</summary>
/// <param name="File">The job's file, for messages.</param>
/// <param name="Input">The model's input shape.</param>
/// <param name="Output">The model's output shape: a score for each class, or a number for each value to predict.</param>
/// <param name="Tokens">How many different tokens the model's embedding knows; 0 for a model that takes numbers.</param>
/// <param name="Loss">The loss.</param>
internal sealed record DataFit(string File, IReadOnlyList<long>? Input, IReadOnlyList<long>? Output, int? Tokens, LossSpec? Loss)
{
    /// <summary>Checks the shape of a sample.</summary>
    /// <exception cref="BadInputException">The model takes another one.</exception>
    public void CheckInput(IReadOnlyList<long> shape)
    {
        if (Input is not null && !Input.SequenceEqual(shape))
            throw new BadInputException(
                $"{File}: model.input: expected {ModelSpec.Shape(shape)}, the shape of a sample of this data, got {ModelSpec.Shape(Input)}");
    }

    /// <summary>Checks how many different tokens the samples are made of; 0: they are no tokens.</summary>
    /// <exception cref="BadInputException">The first layer takes fewer, or none.</exception>
    public void CheckTokens(int tokens)
    {
        if (Tokens is not { } known || known == tokens) return;
        if (known == 0)
            throw new BadInputException($"{File}: model.layers[0]: expected an embedding of {tokens} tokens, which the samples of this data are");
        if (tokens == 0)
            throw new BadInputException($"{File}: model.layers[0] (embedding): expected data of tokens (text, labelled-lines), got samples of numbers");
        if (known < tokens)
            throw new BadInputException(
                $"{File}: model.layers[0].tokens: expected at least {tokens}, as many different tokens as this data has, got {known}");
    }

    /// <summary>Checks the model's output against classes.</summary>
    /// <param name="classes">How many there are.</param>
    /// <param name="target">The shape of a sample's target: empty for one class, <c>[time]</c> for one at each place.</param>
    /// <exception cref="BadInputException">There is no score for each class, or not where the targets are.</exception>
    public void CheckClasses(int classes, IReadOnlyList<long> target)
    {
        if (Output is null) return;
        // A yes-or-no question needs a single score.
        if (Loss is { Type: LossSpec.BinaryCrossEntropyType } && classes <= 2 && Elements(Output) == Elements(target)) return;
        if (Output.Count == 0 || Output[^1] < classes)
            throw new BadInputException(
                $"{File}: model.layers: expected {classes} scores to come out, one for each class of the data, got {ModelSpec.Shape(Output)}");
        if (Loss is { IsClassification: true } && !Output.Take(Output.Count - 1).SequenceEqual(target))
            throw new BadInputException(
                $"{File}: model.layers: expected {ModelSpec.Shape([.. target, classes])} to come out, a score for each class"
                + $"{(target.Count > 0 ? " at each place" : "")}, got {ModelSpec.Shape(Output)}");
    }

    /// <summary>Checks the model's output and the loss against values to predict.</summary>
    /// <param name="target">The shape of a sample's target.</param>
    /// <exception cref="BadInputException">Another number of values comes out, or the loss is one for classes.</exception>
    public void CheckValues(IReadOnlyList<long> target)
    {
        if (Loss is { IsClassification: true })
            throw new BadInputException(
                $"{File}: loss: expected mean-squared-error, mean-absolute-error or huber, since this data's targets are values, got {Loss.Type}");
        if (Output is not null && Elements(Output) != Elements(target))
            throw new BadInputException(
                $"{File}: model.layers: expected {ModelSpec.Shape(target)} to come out, as the data's targets are,"
                + $" got {ModelSpec.Shape(Output)}");
    }

    private static long Elements(IReadOnlyList<long> shape) => shape.Aggregate(1L, (product, size) => product * size);
}
