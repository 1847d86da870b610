namespace Distributed.Learning;

/// <summary>What the outputs of a model say, which follows from the loss it is trained with.</summary>
public enum OutputMeaning
{
    /// <summary>Predicted values as they are (regression), or scores without a probability.</summary>
    Values,

    /// <summary>Unnormalised scores of classes in the last dimension: their softmax is the probability (cross-entropy).</summary>
    Logits,

    /// <summary>Logarithms of the classes' probabilities in the last dimension (negative log-likelihood).</summary>
    LogProbabilities,

    /// <summary>Every output decides yes or no by itself: its sigmoid is the probability of yes (binary cross-entropy).</summary>
    BinaryLogits,
}

/// <summary>From losses to the meaning of outputs.</summary>
public static class OutputMeanings
{
    /// <summary>What a model trained with this loss puts out.</summary>
    public static OutputMeaning Of(LossSpec loss) => loss.Type switch
    {
        "cross-entropy" => OutputMeaning.Logits,
        "negative-log-likelihood" => OutputMeaning.LogProbabilities,
        "binary-cross-entropy" => OutputMeaning.BinaryLogits,
        _ => OutputMeaning.Values,
    };
}
