namespace Distributed.Learning.Tests;

/// <summary>Every elementwise rule against its published formula, computed here in double and element by element.</summary>
public class UpdateRuleTests
{
    private const int Steps = 30;
    private const int Floats = 37;
    private const double Rate = 0.02;
    private const double Decay = 0.05;
    private const double Momentum = 0.9;
    private const double Beta1 = 0.8;
    private const double Beta2 = 0.95;
    private const double Epsilon = 1e-3;

    private delegate double Formula(int step, double weight, double gradient, double[] state);

    public static TheoryData<string> Rules =>
    [
        "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "rmsprop-momentum", "adam", "adamw", "nadam", "radam", "lion",
    ];

    [Theory, MemberData(nameof(Rules))]
    public void A_rule_follows_its_published_formula(string name)
    {
        var (spec, formula) = Rule(name);
        var start = Examples.Random(Floats, 1);
        var expected = start.Select(weight => (double)weight).ToArray();
        var states = expected.Select(_ => new double[3]).ToArray();
        using var weights = new FloatMemory(start);
        using var gradient = new FloatMemory(Floats);
        using var optimizer = new ShardOptimizer(spec, Floats);

        for (var step = 1; step <= Steps; step++)
        {
            Examples.Random(Floats, 100 + step, step % 5 == 0 ? 0.01 : 1).CopyTo(gradient.Span);
            optimizer.Step(weights.Address, weights.Address, gradient.Address, Rate);
            for (var i = 0; i < Floats; i++)
            {
                expected[i] = formula(step, expected[i], gradient.Span[i], states[i]);
                Assert.True(Math.Abs(expected[i] - weights.Span[i]) < 2e-5, $"step {step}, element {i}: {expected[i]} by formula, got {weights.Span[i]}");
            }
        }
        Assert.Contains(expected.Zip(start), pair => Math.Abs(pair.First - pair.Second) > 0.01);
    }

    private static (OptimizerSpec Spec, Formula Formula) Rule(string name)
    {
        var spec = new OptimizerSpec(name, 1) { Beta1 = Beta1, Beta2 = Beta2, Epsilon = Epsilon, WeightDecay = Decay };
        return name switch
        {
            "sgd" => (spec, (_, w, g, _) => w - Rate * (g + Decay * w)),
            "momentum" => (spec with { Type = "sgd", Momentum = Momentum }, (_, w, g, s) => w - Rate * (s[0] = Momentum * s[0] + g + Decay * w)),
            "nesterov" => (spec with { Type = "sgd", Momentum = Momentum, Nesterov = true }, Nesterov),
            "adagrad" => (spec, Adagrad),
            "rmsprop" => (spec with { Decay = 0.9 }, RmsProp),
            "rmsprop-momentum" => (spec with { Type = "rmsprop", Decay = 0.9, Momentum = Momentum }, RmsPropWithMomentum),
            "adam" => (spec, (t, w, g, s) => w - Rate * AdamStep(t, g + Decay * w, s)),
            "adamw" => (spec, (t, w, g, s) => w - Rate * Decay * w - Rate * AdamStep(t, g, s)),
            "nadam" => (spec with { MomentumDecay = 0.01 }, Nadam),
            "radam" => (spec, Radam),
            _ => (spec, Lion),
        };
    }

    private static double Nesterov(int step, double w, double g, double[] s)
    {
        s[0] = Momentum * s[0] + g + Decay * w;
        return w - Rate * (g + Decay * w + Momentum * s[0]);
    }

    private static double Adagrad(int step, double w, double g, double[] s)
    {
        g += Decay * w;
        s[0] += g * g;
        return w - Rate * g / (Math.Sqrt(s[0]) + Epsilon);
    }

    private static double RmsProp(int step, double w, double g, double[] s)
    {
        g += Decay * w;
        s[0] = 0.9 * s[0] + 0.1 * g * g;
        return w - Rate * g / (Math.Sqrt(s[0]) + Epsilon);
    }

    private static double RmsPropWithMomentum(int step, double w, double g, double[] s)
    {
        g += Decay * w;
        s[0] = 0.9 * s[0] + 0.1 * g * g;
        s[1] = Momentum * s[1] + g / (Math.Sqrt(s[0]) + Epsilon);
        return w - Rate * s[1];
    }

    private static double AdamStep(int t, double g, double[] s)
    {
        var (mean, square) = Moments(t, g, s);
        return mean / (Math.Sqrt(square) + Epsilon);
    }

    private static double Nadam(int t, double w, double g, double[] s)
    {
        g += Decay * w;
        var (_, square) = Moments(t, g, s);
        double Mu(int i) => Beta1 * (1 - 0.5 * Math.Pow(0.96, i * 0.01));
        s[2] = t == 1 ? Mu(1) : s[2] * Mu(t);
        var look = Mu(t + 1) * s[0] / (1 - s[2] * Mu(t + 1)) + (1 - Mu(t)) * g / (1 - s[2]);
        return w - Rate * look / (Math.Sqrt(square) + Epsilon);
    }

    private static double Radam(int t, double w, double g, double[] s)
    {
        var (mean, _) = Moments(t, g + Decay * w, s);
        var most = 2 / (1 - Beta2) - 1;
        var length = most - 2 * t * Math.Pow(Beta2, t) / (1 - Math.Pow(Beta2, t));
        if (length <= 5) return w - Rate * mean;
        var r = Math.Sqrt((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length));
        return w - Rate * r * mean * Math.Sqrt(1 - Math.Pow(Beta2, t)) / (Math.Sqrt(s[1]) + Epsilon);
    }

    private static double Lion(int t, double w, double g, double[] s)
    {
        var sign = Math.Sign(Beta1 * s[0] + (1 - Beta1) * g);
        s[0] = Beta2 * s[0] + (1 - Beta2) * g;
        return w - Rate * (sign + Decay * w);
    }

    private static (double Mean, double Square) Moments(int t, double g, double[] s)
    {
        s[0] = Beta1 * s[0] + (1 - Beta1) * g;
        s[1] = Beta2 * s[1] + (1 - Beta2) * g * g;
        return (s[0] / (1 - Math.Pow(Beta1, t)), s[1] / (1 - Math.Pow(Beta2, t)));
    }
}
