namespace Distributed.Learning;

/// <summary>How well the steps of sequences (characters, words) are predicted.</summary>
/// <param name="Tokens">How many steps were predicted.</param>
/// <param name="NatsPerToken">The mean of <c>-log p(target)</c>.</param>
/// <param name="Perplexity">e to that: between how many equally likely tokens the model is torn.</param>
/// <param name="BitsPerCharacter">The same loss in bits; per character where tokens are characters.</param>
public sealed record SequenceFigures(long Tokens, double NatsPerToken, double Perplexity, double BitsPerCharacter)
{
    internal static SequenceFigures Of(long tokens, double logLossSum)
    {
        var nats = logLossSum / tokens;
        return new SequenceFigures(tokens, nats, Math.Exp(nats), nats / Math.Log(2));
    }
}
