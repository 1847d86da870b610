using TorchSharp;
using static TorchSharp.torch;

namespace Distributed.Learning.Tests;

public sealed class ExplanationTests
{
    [Fact]
    public void Integrated_gradients_add_up_to_the_difference_of_the_scores()
    {
        using var scope = NewDisposeScope();
        var module = Examples.Build(Examples.Cnn);
        module.eval();
        var batch = Examples.Batch(Examples.Cnn, 3, 5);

        var shares = Attribution.IntegratedGradients(module.call, batch.Inputs, batch.Targets, baseline: -0.5, steps: 200);

        var gained = ClassScores.Of(module.call(batch.Inputs), batch.Targets)
            - ClassScores.Of(module.call(full_like(batch.Inputs, -0.5)), batch.Targets);
        Assert.Equal(Examples.Floats(gained), Examples.Floats(shares.sum([1, 2, 3])), (a, b) => Math.Abs(a - b) < 2e-3);
    }

    [Fact]
    public void Of_a_linear_score_the_slope_is_its_weights()
    {
        using var scope = NewDisposeScope();
        var weights = tensor(new float[] { 1, -2, 3, 0.5f, 0, -1 }, [2, 3]);
        var inputs = tensor(new float[] { 1, 1, 1, 2, 2, 2 }, [2, 3]);

        var slopes = Attribution.Saliency(x => x.matmul(weights.t()), inputs, tensor(new long[] { 0, 1 }));

        Assert.Equal([1, 2, 3, 0.5f, 0, 1], Examples.Floats(slopes));
    }

    [Fact]
    public void Covering_the_only_pixel_that_counts_is_what_costs()
    {
        using var scope = NewDisposeScope();
        var image = ones([1, 1, 9, 9]);

        // The score of class 1 is the pixel in the middle.
        var fall = Attribution.Occlusion(
            x => cat([zeros([1, 1]), x.select(3, 4).select(2, 4)], 1), image, tensor(new long[] { 1 }), baseline: 0, size: 1, stride: 1);

        Assert.Equal(1, fall[0, 0, 4, 4].ToSingle());
        Assert.Equal(1, fall.sum().ToSingle());
    }

    [Fact]
    public void The_fast_gradient_goes_up_the_loss_within_epsilon_and_range()
    {
        using var scope = NewDisposeScope();
        var inputs = tensor(new float[] { 0.5f, 0.5f, 0.95f, 0.05f }, [1, 4]);
        var weights = tensor(new float[] { 1, -1, -1, 1, 0, 0, 0, 0 }, [2, 4]);
        // The loss of class 0 grows against the signs of its weights.
        var attack = new AdversarialAttack(x => x.matmul(weights.t()), new CrossEntropy(), 0, 1);

        var moved = attack.FastGradientSign(inputs, tensor(new long[] { 0 }), 0.1);

        Assert.Equal([0.4f, 0.6f, 1, 0], Examples.Floats(moved), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void The_projected_gradient_stays_in_its_box_and_does_at_least_as_much_harm()
    {
        using var scope = NewDisposeScope();
        var module = Examples.Build(Examples.Mlp);
        module.eval();
        var batch = Examples.Batch(Examples.Mlp, 40, 9);
        var loss = new CrossEntropy();
        var attack = new AdversarialAttack(module.call, loss, -10, 10);
        double Loss(Tensor inputs) => loss.Mean(module.call(inputs), batch.Targets).ToDouble();

        var fast = attack.FastGradientSign(batch.Inputs, batch.Targets, 0.5);
        var strong = attack.ProjectedGradient(batch.Inputs, batch.Targets, 0.5, 20, 3);

        Assert.True((strong - batch.Inputs).abs().max().ToDouble() <= 0.5 + 1e-5);
        Assert.True(Loss(fast) > Loss(batch.Inputs));
        Assert.True(Loss(strong) >= Loss(fast) - 1e-3, $"{Loss(strong)} against {Loss(fast)}");
        Assert.Equal(Examples.Floats(strong), Examples.Floats(attack.ProjectedGradient(batch.Inputs, batch.Targets, 0.5, 20, 3)));
    }

    [Fact]
    public void An_attack_leaves_no_tensors_behind_and_misleads_more_than_noise()
    {
        var module = Examples.Build(Examples.Mlp);
        module.eval();
        var (training, test) = DataSpec.Read(Examples.Section(
            ("format", "random"), ("shape", new object[] { 20 }), ("classes", 5), ("train", 10), ("test", 300))).Open(".", 1);
        using (training)
        using (test)
        {
            var before = Examples.LiveTensors();
            var (clean, lines) = RobustnessTest.Run(module.call, test, new CrossEntropy(), OutputMeaning.Logits, 280, [0, 0.1], 1);

            Assert.Equal(before, Examples.LiveTensors());
            Assert.Equal(new RobustnessFigures(0, clean, clean, clean), lines[0]);
            Assert.True(lines[1].ProjectedGradient < lines[1].Noise);
        }

        module.Dispose();
    }

    [Fact]
    public void Predictions_come_with_probabilities()
    {
        var (training, test) = DataSpec.Read(Examples.Section(("format", "digits"), ("train", 10), ("test", 260))).Open(".", 1);
        using (training)
        using (test)
        {
            static Tensor Three(Tensor inputs)
            {
                var outputs = zeros([inputs.shape[0], 10]);
                outputs[.., 3] = 2;
                return outputs;
            }

            var predictions = Predictor.Predict(Three, test, OutputMeaning.Logits, 5, 1000).ToArray();

            Assert.Equal(Enumerable.Range(5, 255), predictions.Select(prediction => prediction.Sample));
            Assert.All(predictions, prediction => Assert.Equal(3, prediction.Class));
            Assert.Equal(Math.Exp(2) / (9 + Math.Exp(2)), predictions[0].Values[3], 9);
            Assert.Equal(predictions.Count(prediction => prediction.Targets[0] == 3), predictions.Count(prediction => prediction.IsRight == true));
        }
    }
}
