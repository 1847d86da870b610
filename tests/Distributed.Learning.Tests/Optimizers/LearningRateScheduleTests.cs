namespace Distributed.Learning.Tests;

public class LearningRateScheduleTests
{
    [Fact]
    public void A_constant_rate_stays_and_a_warm_up_rises_to_it()
    {
        Assert.All(Enumerable.Range(0, 100), step => Assert.Equal(0.3, Of(ScheduleSpec.None, 0.3).At(step)));
        var warm = Of(new ScheduleSpec("constant") { Warmup = new(2, true) }, 0.3);
        Assert.All(Enumerable.Range(0, 20), step => Assert.Equal(0.3 * (step + 1) / 20, warm.At(step), 1e-15));
        Assert.All(Enumerable.Range(20, 80), step => Assert.Equal(0.3, warm.At(step)));
    }

    [Fact]
    public void Steps_fall_at_their_points()
    {
        var every = Of(new ScheduleSpec("step") { Every = new(3, true), Factor = 0.1 });
        Assert.All(Enumerable.Range(0, 100), step => Assert.Equal(Math.Pow(0.1, step / 30), every.At(step), 1e-15));
        var at = Of(new ScheduleSpec("multi-step") { At = [new(10, false), new(25, false)], Factor = 0.5, Warmup = new(5, false) });
        Assert.All(Enumerable.Range(0, 60), step =>
            Assert.Equal(step < 5 ? (step + 1) / 5.0 : step < 10 ? 1 : step < 25 ? 0.5 : 0.25, at.At(step), 1e-15));
    }

    [Fact]
    public void An_exponential_falls_by_its_factor_an_epoch()
    {
        var schedule = Of(new ScheduleSpec("exponential") { Every = new(1, true), Factor = 0.9 });
        Assert.All(Enumerable.Range(0, 90), step => Assert.Equal(0.9 * schedule.At(step), schedule.At(step + 10), 1e-14));
        Assert.Equal(Math.Sqrt(0.9), schedule.At(5), 1e-14);
    }

    [Fact]
    public void A_polynomial_ends_at_its_final_share()
    {
        var schedule = Of(new ScheduleSpec("polynomial") { Power = 2, FinalFactor = 0.1, Warmup = new(20, false) }, 0.5);
        Assert.All(Enumerable.Range(20, 80), step =>
            Assert.Equal(0.5 * (0.1 + 0.9 * (1 - (step - 20) / 80.0) * (1 - (step - 20) / 80.0)), schedule.At(step), 1e-14));
        Assert.Equal(0.05, schedule.At(100), 1e-14);
        Assert.Equal(0.05, schedule.At(1000), 1e-14);
    }

    [Fact]
    public void A_cosine_is_that_of_its_paper()
    {
        // SGDR, equation 5: ηmin + (ηmax − ηmin)(1 + cos(π Tcur / Ti)) / 2.
        var schedule = Of(new ScheduleSpec("cosine") { FinalFactor = 0.2, Warmup = new(10, false) }, 2);
        Assert.All(Enumerable.Range(10, 90), step =>
            Assert.Equal(0.4 + 0.5 * 1.6 * (1 + Math.Cos(Math.PI * (step - 10) / 90)), schedule.At(step), 1e-13));
        Assert.Equal([2, 1.2, 0.4], new long[] { 10, 55, 100 }.Select(step => Math.Round(schedule.At(step), 12)));
    }

    [Fact]
    public void A_cosine_restarts_with_longer_periods()
    {
        var schedule = Of(new ScheduleSpec("cosine") { Period = new(1, true), PeriodGrowth = 2 });
        foreach (var (begin, length) in new[] { (0, 10), (10, 20), (30, 40) })
            for (var i = 0; i < length; i++)
                Assert.Equal((1 + Math.Cos(Math.PI * i / length)) / 2, schedule.At(begin + i), 1e-13);
        var even = Of(new ScheduleSpec("cosine") { Period = new(25, false) });
        Assert.All(Enumerable.Range(0, 75), step => Assert.Equal(even.At(step), even.At(step + 25), 1e-13));
    }

    [Fact]
    public void One_cycle_is_that_of_PyTorch()
    {
        // By the formula of PyTorch's documentation: 10 steps, 30 % up (to step 2), down to step 9; max 1, initial 1/25, final 1/25/1e4.
        var schedule = new LearningRateSchedule(
            new ScheduleSpec("one-cycle") { Rise = 0.3, StartFactor = 0.04, FinalFactor = 4e-6 }, 1, 5, 10);
        double[] expected =
        [
            0.04, 0.52, 1, 0.950484632, 0.8117456539, 0.6112620219, 0.3887419781, 0.1882583461, 0.049519368, 4e-6,
        ];
        for (var step = 0; step < 10; step++) Assert.Equal(expected[step], schedule.At(step), 1e-8);

        var longer = Of(new ScheduleSpec("one-cycle") { Rise = 0.25, StartFactor = 0.1, FinalFactor = 0.01 }, 2);
        for (var step = 0; step <= 24; step++) Assert.Equal(2 - 1.8 * (1 + Math.Cos(Math.PI * step / 24)) / 2, longer.At(step), 1e-12);
        for (var step = 24; step < 100; step++) Assert.Equal(0.02 + 1.98 * (1 + Math.Cos(Math.PI * (step - 24) / 75)) / 2, longer.At(step), 1e-12);
    }

    [Fact]
    public void A_jobs_schedule_counts_its_partial_batches_and_scales_with_its_batch()
    {
        var spec = new OptimizerSpec("sgd", 0.1) { BaseBatch = 32, Schedule = new ScheduleSpec("step") { Every = new(1, true), Factor = 0.5 } };
        var schedule = LearningRateSchedule.Of(spec, 1000, 64, stepsPerEpoch => 3L * stepsPerEpoch);
        Assert.Equal(0.2, schedule.At(15), 1e-15);
        Assert.Equal(0.1, schedule.At(16), 1e-15);
    }

    [Fact]
    public void A_schedule_is_read_with_its_units()
    {
        Assert.Same(ScheduleSpec.None, ScheduleSpec.Read(Examples.Section()));
        Assert.Equal(
            new ScheduleSpec("cosine") { FinalFactor = 0.1, Period = new(10, true), PeriodGrowth = 2, Warmup = new(500, false) },
            Read(("type", "cosine"), ("final-factor", 0.1), ("period", "10 epochs"), ("period-growth", 2), ("warmup", "500")));
        Assert.Equal([new(30, true), new(60.5, true)], Read(("type", "multi-step"), ("at", new object[] { "30 epochs", "60.5 epochs" })).At);
        Assert.Equal(new TrainingSpan(1, true), Read(("type", "exponential"), ("factor", 0.9), ("every", "1 epoch")).Every);
    }

    [Theory]
    [InlineData("cosine", "warmup", "2 weeks", "schedule.warmup: expected a number of steps or epochs, such as '500 steps' or '2 epochs', got '2 weeks'")]
    [InlineData("cosine", "warmup", "-2", "schedule.warmup: expected a number of steps or epochs")]
    [InlineData("one-cycle", "warmup", "2 epochs", "schedule.warmup: unknown key")]
    [InlineData("cosine", "period-growth", "2", "schedule.period-growth: unknown key")]
    [InlineData("step", "factor", "0.1", "schedule.every: missing")]
    [InlineData("cosin", "warmup", "1", "schedule.type: expected one of constant")]
    public void What_does_not_fit_is_named(string type, string key, string value, string message) => Assert.StartsWith(
        "job.hocon: " + message, Assert.Throws<BadInputException>(() => Read(("type", type), (key, value))).Message);

    [Fact]
    public void Points_must_ascend() => Assert.Equal(
        "job.hocon: schedule.at[1]: expected later than '20 steps' and of its unit, got '10 steps'",
        Assert.Throws<BadInputException>(() => Read(("type", "multi-step"), ("at", new object[] { "20", "10" }))).Message);

    // 10 steps an epoch, 10 epochs.
    private static LearningRateSchedule Of(ScheduleSpec spec, double rate = 1) => new(spec, rate, 10, 100);

    private static ScheduleSpec Read(params (string Key, object Value)[] members) => ScheduleSpec.Read(Examples.Section(("schedule", members)));
}
