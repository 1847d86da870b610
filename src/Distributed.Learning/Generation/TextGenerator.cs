using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>How the next token is drawn from a model's scores.</summary>
/// <param name="Temperature">What the scores are divided by: below 1 likelier tokens win more often, 0 takes the likeliest always.</param>
/// <param name="TopK">Only so many of the likeliest tokens may be drawn; 0: any.</param>
/// <param name="Seed">Where the draws come from.</param>
public sealed record Sampling(double Temperature = 1, int TopK = 0, long Seed = 1);

/// <summary>
/// Continues a sequence of tokens with a model that scores the next token at every place. The model sees the last tokens, as many as it
/// was trained on, so a recurrent one begins each window without a memory, as in training.
/// </summary>
public static class TextGenerator
{
    /// <summary>Draws token after token. A pure function of its arguments.</summary>
    /// <param name="forward">
    /// The model in evaluation mode and without gradients: int64 <c>[1, time]</c> to scores or log-probabilities <c>[1, time, tokens]</c>.
    /// </param>
    /// <param name="prompt">The tokens to continue, at least one.</param>
    /// <param name="time">The tokens in a window of the model.</param>
    /// <param name="tokens">How many different tokens there are; a model with more outputs is never asked for the others.</param>
    /// <param name="length">How many tokens to draw.</param>
    /// <param name="sampling">How they are drawn.</param>
    /// <returns>The drawn tokens, without the prompt, one by one.</returns>
    public static IEnumerable<long> Continue(
        Func<Tensor, Tensor> forward, IReadOnlyList<long> prompt, int time, int tokens, int length, Sampling sampling)
    {
        if (prompt.Count == 0) throw new ArgumentException("expected at least one token", nameof(prompt));
        var random = new Xoshiro256(unchecked((ulong)sampling.Seed));
        var window = new List<long>(prompt.Skip(Math.Max(0, prompt.Count - time)));
        for (var i = 0; i < length; i++)
        {
            var next = Draw(Scores(forward, window, time, tokens), sampling, random);
            if (window.Count == time) window.RemoveAt(0);
            window.Add(next);
            yield return next;
        }
    }

    /// <summary>Draws one of the scores' places.</summary>
    /// <param name="scores">Logarithms of probabilities, up to a constant.</param>
    /// <param name="sampling">How.</param>
    /// <param name="random">Where the draw comes from.</param>
    internal static int Draw(double[] scores, Sampling sampling, Xoshiro256 random)
    {
        // Equal scores stand in the order of their numbers.
        var ranked = Enumerable.Range(0, scores.Length).OrderByDescending(token => scores[token]);
        if (sampling.Temperature == 0) return ranked.First();
        int[] candidates = [.. ranked.Take(sampling.TopK == 0 ? scores.Length : sampling.TopK)];
        var best = scores[candidates[0]];
        double[] weights = [.. candidates.Select(token => Math.Exp((scores[token] - best) / sampling.Temperature))];
        var left = random.Unit() * weights.Sum();
        for (var i = 0; i < candidates.Length; i++)
        {
            left -= weights[i];
            if (left < 0) return candidates[i];
        }

        return candidates[^1];
    }

    // Shorter windows are filled up behind their last token, which a model that looks back only does not see.
    private static double[] Scores(Func<Tensor, Tensor> forward, List<long> window, int time, int tokens)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var input = new long[time];
        window.CopyTo(input);
        var outputs = forward(tensor(input).unsqueeze(0)).select(0, 0).select(0, window.Count - 1);
        return outputs.narrow(0, 0, tokens).to_type(ScalarType.Float64).contiguous().data<double>().ToArray();
    }
}
