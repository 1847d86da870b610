namespace Distributed.Learning;

/// <summary>
/// The learning rate of every step of a job: a pure function of the step, so that all shards, a resumed job and the metrics agree without
/// a word between them. Only <c>reduce-on-plateau</c> has to be told its rate, by whoever sees the evaluations (<see cref="PlateauRate"/>). With warm-up, step s of its W steps has the rate base · (s + 1) / W (Goyal et al. 2017).
/// </summary>
public sealed class LearningRateSchedule
{
    private readonly ScheduleSpec spec;
    private readonly double rate;
    private readonly long steps;
    private readonly double warmup;
    private readonly double every;
    private readonly double[] milestones;
    private readonly double period;

    /// <summary>A schedule in steps.</summary>
    /// <param name="spec">Its form.</param>
    /// <param name="baseRate">The learning rate that its factors are shares of.</param>
    /// <param name="stepsPerEpoch">Steps in an epoch, above 0.</param>
    /// <param name="steps">Steps of the whole job, above 0.</param>
    public LearningRateSchedule(ScheduleSpec spec, double baseRate, long stepsPerEpoch, long steps)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(stepsPerEpoch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(steps);
        this.spec = spec;
        rate = baseRate;
        this.steps = steps;
        warmup = Math.Round(spec.Warmup.Steps(stepsPerEpoch));
        every = spec.Every.Steps(stepsPerEpoch);
        milestones = [.. spec.At.Select(span => span.Steps(stepsPerEpoch))];
        period = spec.Period?.Steps(stepsPerEpoch) ?? Math.Max(1, steps - warmup);
    }

    /// <summary>The schedule of a job.</summary>
    /// <param name="optimizer">Base rate, schedule and scaling.</param>
    /// <param name="samples">Samples of the training set, above 0.</param>
    /// <param name="batch">Samples of a global batch.</param>
    /// <param name="totalSteps">Steps of the job, from the steps of an epoch.</param>
    public static LearningRateSchedule Of(OptimizerSpec optimizer, int samples, int batch, Func<int, long> totalSteps)
    {
        var stepsPerEpoch = (samples - 1) / batch + 1;
        return new LearningRateSchedule(optimizer.Schedule, optimizer.ScaledRate(batch), stepsPerEpoch, totalSteps(stepsPerEpoch));
    }

    /// <summary>The learning rate of the update that turns version <paramref name="step"/> into the next one.</summary>
    /// <param name="step">The step, counted from 0.</param>
    public double At(long step) => At(step, null);

    /// <summary>The same, once evaluations have made something of the base rate.</summary>
    /// <param name="step">The step, counted from 0.</param>
    /// <param name="reduced">What <see cref="PlateauRate"/> has made of the base rate, where the schedule follows evaluations; null for nothing yet.</param>
    public double At(long step, double? reduced) => step < warmup ? (reduced ?? rate) * (step + 1) / warmup : spec.Type switch
    {
        // Points of time count from the start of the job, whether it warms up or not.
        ScheduleSpec.Step => rate * Math.Pow(spec.Factor, Math.Floor(step / every)),
        ScheduleSpec.MultiStep => rate * Math.Pow(spec.Factor, milestones.Count(milestone => milestone <= step)),
        ScheduleSpec.Exponential => rate * Math.Pow(spec.Factor, step / every),
        // What falls over the rest of the job begins to fall after the warm-up.
        ScheduleSpec.Polynomial => Between(spec.FinalFactor, Math.Pow(1 - Math.Min(1, (step - warmup) / Math.Max(1, steps - warmup)), spec.Power)),
        ScheduleSpec.Cosine => Between(spec.FinalFactor, Falling(PartOfPeriod(step - warmup))),
        ScheduleSpec.OneCycle => Cycle(step),
        _ => reduced ?? rate,
    };

    // 1 gives the base rate, 0 the given share of it.
    private double Between(double share, double height) => rate * (share + (1 - share) * height);

    // Half a cosine: 1 at 0, 0 at 1.
    private static double Falling(double part) => (1 + Math.Cos(Math.PI * part)) / 2;

    // SGDR (Loshchilov and Hutter 2017): the part of the current period that is over; periods grow geometrically.
    private double PartOfPeriod(double since)
    {
        if (spec.Period is null) return Math.Min(1, since / period);
        if (spec.PeriodGrowth == 1) return since % period / period;
        var length = period;
        while (since >= length)
        {
            since -= length;
            length *= spec.PeriodGrowth;
        }
        return since / length;
    }

    // 1cycle (Smith and Topin 2018) in the form of PyTorch's OneCycleLR: half a cosine up, half a cosine down to the last step.
    private double Cycle(long step)
    {
        var top = Math.Max(0, spec.Rise * steps - 1);
        return step < top ? Between(spec.StartFactor, 1 - Falling(step / top))
            : Between(spec.FinalFactor, Falling(Math.Min(1, (step - top) / Math.Max(1, steps - 1 - top))));
    }
}
