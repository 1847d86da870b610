using TorchSharp;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>How often a classifier is right when its inputs are tampered with.</summary>
/// <param name="Epsilon">How far each input may be moved, as a share of the inputs' range.</param>
/// <param name="Noise">Accuracy under random changes of that size: what is lost without any attack.</param>
/// <param name="FastGradientSign">Accuracy under <see cref="AdversarialAttack.FastGradientSign"/>.</param>
/// <param name="ProjectedGradient">Accuracy under <see cref="AdversarialAttack.ProjectedGradient"/>.</param>
public sealed record RobustnessFigures(double Epsilon, double Noise, double FastGradientSign, double ProjectedGradient);

/// <summary>Attacks a classifier with growing strength.</summary>
public static class RobustnessTest
{
    /// <summary>Steps of the projected gradient.</summary>
    public const int Steps = 10;

    /// <summary>Attacks the first samples of a data set.</summary>
    /// <param name="model">From inputs to outputs, in evaluation mode, differentiable.</param>
    /// <param name="data">The data set; its inputs are numbers and its targets classes or decisions.</param>
    /// <param name="loss">The loss of the job.</param>
    /// <param name="meaning">What the outputs say.</param>
    /// <param name="samples">How many samples to attack, at most those that there are.</param>
    /// <param name="epsilons">Shares of the range of the inputs of these samples.</param>
    /// <param name="seed">Draws noise and starts.</param>
    /// <returns>The accuracy without an attack, and a line for each epsilon.</returns>
    /// <exception cref="BadInputException">The model predicts values, or its inputs are no numbers.</exception>
    public static (double Clean, IReadOnlyList<RobustnessFigures> Lines) Run(
        Func<Tensor, Tensor> model, IDataSet data, ILossFunction loss, OutputMeaning meaning, int samples, IReadOnlyList<double> epsilons,
        long seed)
    {
        var blocks = Enumerable.Range(0, Math.Min(samples, data.Count)).Chunk(Evaluator.BlockSize).ToArray();
        using var scope = NewDisposeScope();
        var batches = blocks.Select(block => data.Gather(block)).ToArray();
        if (batches.Any(batch => !is_floating_point(batch.Inputs))) throw new BadInputException("attack: inputs that are words or classes can't be moved a little; expected numbers");
        var (least, most) = (batches.Min(batch => batch.Inputs.min().ToDouble()), batches.Max(batch => batch.Inputs.max().ToDouble()));
        var attack = new AdversarialAttack(model, loss, least, most);
        var clean = Accuracy((inputs, _, _) => inputs);
        var lines = epsilons.Select(share =>
        {
            var epsilon = share * (most - least);
            return new RobustnessFigures(
                share,
                Accuracy((inputs, _, i) => Noise(inputs, epsilon, i)),
                Accuracy((inputs, targets, _) => attack.FastGradientSign(inputs, targets, epsilon)),
                Accuracy((inputs, targets, i) => attack.ProjectedGradient(inputs, targets, epsilon, Steps, seed + i)));
        }).ToArray();
        foreach (var batch in batches) batch.Dispose();
        return (clean, lines);

        Tensor Noise(Tensor inputs, double epsilon, int block)
        {
            using var generator = new Generator((ulong)(seed + block));
            return (inputs + (((rand(inputs.shape, generator: generator) * 2) - 1).sign() * epsilon)).clamp(least, most);
        }

        double Accuracy(Func<Tensor, Tensor, int, Tensor> change)
        {
            var (predictions, correct) = (0L, 0L);
            for (var i = 0; i < batches.Length; i++)
            {
                using var inner = NewDisposeScope();
                var changed = change(batches[i].Inputs, batches[i].Targets, i);
                using var guard = no_grad();
                var counts = Learning.Accuracy.Count(model(changed), batches[i].Targets, meaning);
                (predictions, correct) = (predictions + counts.Predictions, correct + counts.Correct);
            }
            if (predictions == 0) throw new BadInputException("attack: expected a model that predicts classes; this one predicts values");
            return (double)correct / predictions;
        }
    }
}
