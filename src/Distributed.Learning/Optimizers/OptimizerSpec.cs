using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// The optimizer of a job: <c>optimizer { type = sgd, learning-rate = 0.05, momentum = 0.9, nesterov = false, weight-decay = 0 }</c> or
/// <c>optimizer { type = adam, learning-rate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight-decay = 0 }</c> (also
/// <c>adamw</c>, where weight decay defaults to 0.01). The rules are those of <c>torch.optim</c>: SGD with the momentum of Sutskever et
/// al. (2013), Adam of Kingma and Ba (2015), AdamW of Loshchilov and Hutter (2019).
/// </summary>
/// <param name="Type"><c>sgd</c>, <c>adam</c> or <c>adamw</c>.</param>
/// <param name="LearningRate">The step size, above 0.</param>
public sealed record OptimizerSpec(string Type, double LearningRate)
{
    private const string Sgd = "sgd";
    private const string Adam = "adam";
    private const string AdamW = "adamw";

    /// <summary>SGD: the share of the running direction that is kept, in [0, 1).</summary>
    public double Momentum { get; init; }

    /// <summary>SGD: look ahead along the running direction; needs a momentum.</summary>
    public bool Nesterov { get; init; }

    /// <summary>The L2 penalty of SGD and Adam, the decoupled decay of AdamW; at least 0.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Adam and AdamW: decay of the running mean, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Adam and AdamW: decay of the running mean square, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Adam and AdamW: what is added to the denominator, above 0.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Reads an optimizer's section.</summary>
    /// <param name="section">The section with <c>type</c> and its options.</param>
    /// <exception cref="BadInputException">A key is unknown to this type, missing or out of range.</exception>
    public static OptimizerSpec Read(SettingsSection section)
    {
        // A decay of exactly 1 would never move, so the range ends below it.
        var belowOne = Math.BitDecrement(1.0);
        var type = section.OneOf("type", null, Sgd, Adam, AdamW);
        var spec = new OptimizerSpec(type, section.Number("learning-rate", null, double.Epsilon))
        {
            WeightDecay = section.Number("weight-decay", type == AdamW ? 0.01 : 0, 0),
        };
        spec = type == Sgd
            ? spec with { Momentum = section.Number("momentum", 0, 0, belowOne), Nesterov = section.Flag("nesterov", false) }
            : spec with
            {
                Beta1 = section.Number("beta1", 0.9, 0, belowOne),
                Beta2 = section.Number("beta2", 0.999, 0, belowOne),
                Epsilon = section.Number("epsilon", 1e-8, double.Epsilon),
            };
        if (spec is { Nesterov: true, Momentum: 0 }) throw section.Error("nesterov", "expected a momentum above 0 with it, got none");
        section.RejectUnknownKeys();
        return spec;
    }

    /// <summary>The rule over a piece of a shard.</summary>
    internal IOptimizerPiece CreatePiece(long start, long floats) =>
        Type == Sgd ? new SgdPiece(this, start, floats) : new TorchPiece(this, start, floats);

    /// <summary>The torch optimizer over some parameters.</summary>
    internal OptimizerHelper Create(IEnumerable<Parameter> parameters) => Type switch
    {
        Sgd => optim.SGD(parameters, LearningRate, Momentum, 0, WeightDecay, Nesterov),
        Adam => optim.Adam(parameters, LearningRate, Beta1, Beta2, Epsilon, WeightDecay),
        AdamW => optim.AdamW(parameters, LearningRate, Beta1, Beta2, Epsilon, WeightDecay),
        _ => throw new BadInputException($"optimizer.type: expected one of {Sgd}, {Adam}, {AdamW}, got '{Type}'"),
    };
}
