namespace Distributed.Learning;

/// <summary>
/// How the learning rate changes during a job, written in its optimizer's section; <see cref="LearningRateSchedule"/> has the formulas.
/// <code>
/// schedule { type = constant }
/// schedule { type = step, every = 30 epochs, factor = 0.1 }
/// schedule { type = multi-step, at = [30 epochs, 60 epochs], factor = 0.1 }
/// schedule { type = exponential, every = 1 epoch, factor = 0.95 }
/// schedule { type = polynomial, power = 1, final-factor = 0 }
/// schedule { type = cosine, final-factor = 0, period = 10 epochs, period-growth = 2 }
/// schedule { type = one-cycle, rise = 0.3, start-factor = 0.04, final-factor = 4e-6 }
/// schedule { type = reduce-on-plateau, metric = loss, factor = 0.1, patience = 10, threshold = 1e-4, min-rate = 0 }
/// </code>
/// All but <c>one-cycle</c> take <c>warmup = 500 steps</c> or <c>warmup = 2 epochs</c>.
/// </summary>
/// <param name="Type">The name of the formula.</param>
public sealed record ScheduleSpec(string Type)
{
    internal const string Constant = "constant";
    internal const string Step = "step";
    internal const string MultiStep = "multi-step";
    internal const string Exponential = "exponential";
    internal const string Polynomial = "polynomial";
    internal const string Cosine = "cosine";
    internal const string OneCycle = "one-cycle";
    internal const string OnPlateau = "reduce-on-plateau";

    /// <summary>The rate of a job without a schedule.</summary>
    public static ScheduleSpec None { get; } = new(Constant);

    /// <summary>How long the rate rises from 0 before the formula holds.</summary>
    public TrainingSpan Warmup { get; init; }

    /// <summary>Step and exponential: the stretch in which the rate falls by <see cref="Factor"/>.</summary>
    public TrainingSpan Every { get; init; }

    /// <summary>Multi-step: where the rate falls, in ascending order.</summary>
    public IReadOnlyList<TrainingSpan> At { get; init; } = [];

    /// <summary>Step, multi-step, exponential and reduce-on-plateau: what the rate is multiplied by, above 0.</summary>
    public double Factor { get; init; } = 1;

    /// <summary>Polynomial: the exponent, above 0.</summary>
    public double Power { get; init; } = 1;

    /// <summary>Polynomial, cosine and one-cycle: the share of the base rate that is left at the end.</summary>
    public double FinalFactor { get; init; }

    /// <summary>Cosine: after how long the rate starts again at its top; null: once, over the whole job.</summary>
    public TrainingSpan? Period { get; init; }

    /// <summary>Cosine: how many times longer every period is than the one before it, at least 1.</summary>
    public double PeriodGrowth { get; init; } = 1;

    /// <summary>One-cycle: the share of the job in which the rate rises, in (0, 1).</summary>
    public double Rise { get; init; } = 0.3;

    /// <summary>One-cycle: the share of the base rate at the start.</summary>
    public double StartFactor { get; init; }

    /// <summary>Reduce-on-plateau: the figure of the evaluations that is watched.</summary>
    public WatchedMetric Metric { get; init; } = WatchedMetric.Loss;

    /// <summary>Reduce-on-plateau: so many evaluations in a row may be no better; the next one lets the rate fall.</summary>
    public int Patience { get; init; } = 10;

    /// <summary>Reduce-on-plateau: the share of the best figure by which one must be better to count, in [0, 1).</summary>
    public double Threshold { get; init; } = 1e-4;

    /// <summary>Reduce-on-plateau: the rate does not fall below it.</summary>
    public double MinRate { get; init; }

    /// <summary>Whether the rate depends on evaluations and not on the step alone; see <see cref="PlateauRate"/>.</summary>
    public bool FollowsEvaluations => Type == OnPlateau;

    /// <summary>Reads the section <c>schedule</c> of an optimizer; without it the rate is constant.</summary>
    /// <param name="optimizer">The section that holds the key.</param>
    /// <exception cref="BadInputException">A key is unknown to the type, missing or out of range.</exception>
    public static ScheduleSpec Read(SettingsSection optimizer)
    {
        if (optimizer.OptionalSection("schedule") is not { } section) return None;
        var belowOne = Math.BitDecrement(1.0);
        var spec = new ScheduleSpec(section.OneOf("type", Constant, Constant, Step, MultiStep, Exponential, Polynomial, Cosine, OneCycle, OnPlateau));
        spec = spec.Type switch
        {
            Step => spec with { Every = TrainingSpan.Read(section, "every"), Factor = section.Number("factor", 0.1, double.Epsilon) },
            MultiStep => spec with { At = TrainingSpan.ReadList(section, "at"), Factor = section.Number("factor", 0.1, double.Epsilon) },
            Exponential => spec with
            {
                Every = TrainingSpan.Read(section, "every", new TrainingSpan(1, true)),
                Factor = section.Number("factor", null, double.Epsilon),
            },
            Polynomial => spec with { Power = section.Number("power", 1, double.Epsilon), FinalFactor = section.Number("final-factor", 0, 0, 1) },
            Cosine => spec with
            {
                FinalFactor = section.Number("final-factor", 0, 0, 1),
                Period = section.Has("period") ? TrainingSpan.Read(section, "period") : null,
                PeriodGrowth = section.Has("period") ? section.Number("period-growth", 1, 1) : 1,
            },
            OneCycle => spec with
            {
                Rise = section.Number("rise", 0.3, double.Epsilon, belowOne),
                StartFactor = section.Number("start-factor", 1.0 / 25, 0, 1),
                FinalFactor = section.Number("final-factor", 1.0 / 25 / 1e4, 0, 1),
            },
            OnPlateau => spec with
            {
                Metric = WatchedMetric.Read(section),
                Factor = section.Number("factor", 0.1, double.Epsilon, belowOne),
                Patience = section.Integer("patience", 10, 0),
                Threshold = section.Number("threshold", 1e-4, 0, belowOne),
                MinRate = section.Number("min-rate", 0, 0),
            },
            _ => spec,
        };
        if (spec.Type != OneCycle && section.Has("warmup")) spec = spec with { Warmup = TrainingSpan.Read(section, "warmup") };
        section.RejectUnknownKeys();
        return spec;
    }
}
