namespace Distributed.Learning;

/// <summary>Every rule that a job may name: its options, their defaults and its arithmetic. A further rule is one file in <c>Rules</c> and a
/// line in each table here.</summary>
internal static class OptimizerKinds
{
    public const string Sgd = "sgd";
    public const string Adagrad = "adagrad";
    public const string RmsProp = "rmsprop";
    public const string Adam = "adam";
    public const string AdamW = "adamw";
    public const string Nadam = "nadam";
    public const string Radam = "radam";
    public const string Lion = "lion";
    public const string Lamb = "lamb";
    public const string Lars = "lars";

    // A decay of exactly 1 would never move, so ranges end below it.
    private static readonly double BelowOne = Math.BitDecrement(1.0);

    public static IReadOnlyList<string> Types { get; } = [Sgd, Adagrad, RmsProp, Adam, AdamW, Nadam, Radam, Lion, Lamb, Lars];

    // Options that some rules have, for whoever changes the type of a job that has them.
    private static readonly Dictionary<string, string[]> Owners = new()
    {
        ["momentum"] = [Sgd, RmsProp, Lars],
        ["nesterov"] = [Sgd],
        ["beta1"] = [Adam, AdamW, Nadam, Radam, Lion, Lamb],
        ["beta2"] = [Adam, AdamW, Nadam, Radam, Lion, Lamb],
        ["epsilon"] = [Adagrad, RmsProp, Adam, AdamW, Nadam, Radam, Lamb],
        ["decay"] = [RmsProp],
        ["momentum-decay"] = [Nadam],
        ["trust-coefficient"] = [Lars],
    };

    /// <summary>Whether the rule scales each tensor's step by the tensor's norm.</summary>
    public static bool IsLayerwise(string type) => type is Lamb or Lars;

    /// <summary>Whether the rule has a kernel of its own (<see cref="SgdPiece"/>, <see cref="AdamPiece"/>) instead of torch operations.</summary>
    public static bool IsFused(string type) => type is Sgd or Adam or AdamW;

    /// <summary>The arithmetic of a rule in torch operations, for one shard.</summary>
    public static UpdateRule Create(OptimizerSpec spec) => spec.Type switch
    {
        Adagrad => new AdagradRule(spec),
        RmsProp => new RmsPropRule(spec),
        Nadam => new NadamRule(spec),
        Radam => new RadamRule(spec),
        Lion => new LionRule(spec),
        Lamb => new LambRule(spec),
        Lars => new LarsRule(spec),
        _ => throw new BadInputException($"optimizer.type: expected one of {string.Join(", ", Types)}, got '{spec.Type}'"),
    };

    /// <summary>Reads the options of a rule.</summary>
    public static OptimizerSpec ReadOptions(SettingsSection section, OptimizerSpec spec)
    {
        spec = spec with { WeightDecay = section.Number("weight-decay", spec.Type is AdamW or Lamb ? 0.01 : 0, 0) };
        if (spec.Type is Sgd or RmsProp or Lars)
            spec = spec with { Momentum = section.Number("momentum", spec.Type == Lars ? 0.9 : 0, 0, BelowOne) };
        if (spec.Type is Adam or AdamW or Nadam or Radam or Lion or Lamb)
            spec = spec with
            {
                Beta1 = section.Number("beta1", 0.9, 0, BelowOne),
                Beta2 = section.Number("beta2", spec.Type == Lion ? 0.99 : 0.999, 0, BelowOne),
            };
        if (spec.Type is not (Sgd or Lion or Lars))
            spec = spec with { Epsilon = section.Number("epsilon", spec.Type == Adagrad ? 1e-10 : spec.Type == Lamb ? 1e-6 : 1e-8, double.Epsilon) };
        return spec.Type switch
        {
            Sgd => spec with { Nesterov = ReadNesterov(section, spec) },
            RmsProp => spec with { Decay = section.Number("decay", 0.99, 0, BelowOne) },
            Nadam => spec with { MomentumDecay = section.Number("momentum-decay", 0.004, 0) },
            Lars => spec with { TrustCoefficient = section.Number("trust-coefficient", 0.001, double.Epsilon) },
            _ => spec,
        };
    }

    /// <summary>Refuses an option of other rules, and says how to drop it.</summary>
    /// <exception cref="BadInputException">The section has one.</exception>
    public static void RejectForeign(SettingsSection section, string type)
    {
        foreach (var (key, owners) in Owners)
            if (section.Has(key) && !owners.Contains(type))
                throw section.Error(
                    key, $"unknown key for {type}: it is an option of {string.Join(", ", owners)}; leave it out, or unset it with {(section.Path.Length > 0 ? section.Path + "." : "")}{key}=null");
    }

    private static bool ReadNesterov(SettingsSection section, OptimizerSpec spec)
    {
        var nesterov = section.Flag("nesterov", false);
        return nesterov && spec.Momentum == 0 ? throw section.Error("nesterov", "expected a momentum above 0 with it, got none") : nesterov;
    }
}
