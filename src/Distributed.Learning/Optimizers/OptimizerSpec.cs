using System.Globalization;

namespace Distributed.Learning;

/// <summary>
/// The optimizer of a job:
/// <code>
/// optimizer {
///   type = sgd                                # sgd, adagrad, rmsprop, adam, adamw, nadam, radam, lion, lamb, lars
///   learning-rate = 0.05
///   momentum = 0.9                            # and the type's other options
///   weight-decay = 1e-4, l1 = 0
///   decay-only-weights = true                 # neither penalty on biases and norms
///   groups = [ { match = "*.bias", learning-rate-factor = 2 } ]
///   clip-value = 5, clip-norm = 1             # of the averaged gradient
///   schedule { type = cosine, warmup = 2 epochs }
///   linear-scaling { base-batch = 128 }
/// }
/// </code>
/// The averaged gradient is clipped by value, then by norm; then penalties are added, and the type's rule (<c>Rules/</c>) updates the weights.
/// </summary>
/// <param name="Type">The rule.</param>
/// <param name="LearningRate">The step size before scaling and schedule, above 0.</param>
public sealed record OptimizerSpec(string Type, double LearningRate)
{
    /// <summary>SGD, RMSprop and LARS: the share of the running direction that is kept, in [0, 1).</summary>
    public double Momentum { get; init; }

    /// <summary>SGD: look ahead along the running direction; needs a momentum.</summary>
    public bool Nesterov { get; init; }

    /// <summary>The L2 penalty: added to the gradient, or decoupled (AdamW, Lion, LAMB, LARS); at least 0.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Decay of the running mean, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the running mean square (Lion: of the running mean), in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>What is added to denominators, above 0.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>RMSprop: decay of the running mean square, in [0, 1).</summary>
    public double Decay { get; init; } = 0.99;

    /// <summary>NAdam: how fast its momentum rises to <see cref="Beta1"/>, at least 0.</summary>
    public double MomentumDecay { get; init; } = 0.004;

    /// <summary>LARS: the share of a tensor's norm that a step may change, above 0.</summary>
    public double TrustCoefficient { get; init; } = 0.001;

    /// <summary>The L1 penalty: its sign is added to the gradient; at least 0.</summary>
    public double L1 { get; init; }

    /// <summary>Whether parameters of one dimension (biases, norms) are left out of <see cref="WeightDecay"/> and <see cref="L1"/>.</summary>
    public bool DecayOnlyWeights { get; init; }

    /// <summary>Parameters with settings of their own; the first that matches holds.</summary>
    public IReadOnlyList<ParameterGroup> Groups { get; init; } = [];

    /// <summary>Bound on the absolute value of every element of the gradient; null for none.</summary>
    public double? ClipValue { get; init; }

    /// <summary>Bound on the L2 norm of the whole gradient; null for none.</summary>
    public double? ClipNorm { get; init; }

    /// <summary>How the learning rate changes.</summary>
    public ScheduleSpec Schedule { get; init; } = ScheduleSpec.None;

    /// <summary>The global batch that <see cref="LearningRate"/> is meant for; null where it holds for any.</summary>
    public int? BaseBatch { get; init; }

    /// <summary>How many times an update needs norms over all shards: a job whose answer is 0 pays nothing for them.</summary>
    public int NormExchanges => (ClipNorm is null ? 0 : 1) + (OptimizerKinds.IsLayerwise(Type) ? 1 : 0);

    /// <summary>The learning rate for a global batch: proportional to it (Goyal et al. 2017) where a base batch is given.</summary>
    /// <param name="batch">Samples of a global batch.</param>
    public double ScaledRate(int batch) => BaseBatch is { } known ? LearningRate * batch / known : LearningRate;

    /// <summary>Reads an optimizer's section.</summary>
    /// <param name="section">The section with <c>type</c> and its options.</param>
    /// <exception cref="BadInputException">A key is unknown to this type, missing or out of range.</exception>
    public static OptimizerSpec Read(SettingsSection section)
    {
        var type = section.OneOf("type", null, [.. OptimizerKinds.Types]);
        var spec = OptimizerKinds.ReadOptions(section, new OptimizerSpec(type, section.Number("learning-rate", null, double.Epsilon))) with
        {
            L1 = section.Number("l1", 0, 0),
            DecayOnlyWeights = section.Flag("decay-only-weights", false),
            Groups = section.Has("groups") ? [.. section.Sections("groups").Select(ParameterGroup.Read)] : [],
            ClipValue = section.Has("clip-value") ? section.Number("clip-value", null, double.Epsilon) : null,
            ClipNorm = section.Has("clip-norm") ? section.Number("clip-norm", null, double.Epsilon) : null,
            Schedule = ScheduleSpec.Read(section),
        };
        if (section.OptionalSection("linear-scaling") is { } scaling)
        {
            spec = spec with { BaseBatch = scaling.Integer("base-batch", null, 1) };
            scaling.RejectUnknownKeys();
        }
        OptimizerKinds.RejectForeign(section, type);
        section.RejectUnknownKeys();
        return spec;
    }

    /// <summary>The settings of one parameter: those of the first group that matches its name, and the job's for what that leaves open.</summary>
    internal PieceSettings SettingsOf(ParameterEntry entry)
    {
        var group = Groups.FirstOrDefault(group => group.Matches(entry.Name));
        var penalised = !DecayOnlyWeights || entry.Shape.Count > 1;
        return new PieceSettings(
            group?.WeightDecay ?? (penalised ? WeightDecay : 0), group?.L1 ?? (penalised ? L1 : 0), group?.LearningRateFactor ?? 1);
    }

    /// <summary>Refuses a group that no parameter belongs to: its pattern is mistyped.</summary>
    /// <exception cref="BadInputException">There is such a group.</exception>
    internal void CheckGroups(ParameterLayout layout)
    {
        for (var i = 0; i < Groups.Count; i++)
            if (!layout.Parameters.Any(entry => Groups[i].Matches(entry.Name)))
                throw new BadInputException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"optimizer.groups[{i}].match: '{Groups[i].Match}' matches no parameter; there are {string.Join(", ", layout.Parameters.Select(e => e.Name))}"));
    }
}
