using System.Collections.Concurrent;
using System.Diagnostics;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;
using Distributed.Cluster.Configuration;
using Distributed.Cluster.Nodes;

namespace Distributed.Cluster.Tests.Nodes;

public sealed class QuietSchedulerTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly QuietScheduler scheduler = Of("10ms");
    private readonly BlockingCollection<string> done = [];

    private IActionScheduler Actions => scheduler;

    public void Dispose()
    {
        scheduler.Dispose();
        done.Dispose();
    }

    [Fact]
    public void What_is_due_first_is_done_first_and_nothing_before_its_time()
    {
        var asked = Stopwatch.GetTimestamp();
        var took = TimeSpan.Zero;
        Once(2000, () => took = Stopwatch.GetElapsedTime(asked), "third");
        Once(1, () => { }, "first");
        Once(1000, () => { }, "second");
        Assert.Equal(["first", "second", "third"], [Done(), Done(), Done()]);
        Assert.True(took >= TimeSpan.FromMilliseconds(2000), $"{took}");
    }

    [Fact]
    public void Of_what_is_due_at_the_same_tick_the_first_that_was_asked_for_is_done_first()
    {
        using var coarse = Of("1s");
        IActionScheduler actions = coarse;
        var numbers = Enumerable.Range(0, 100).Select(number => $"{number}").ToArray();
        foreach (var number in numbers)
            actions.ScheduleOnce(TimeSpan.FromMilliseconds(1), () => done.Add(number));
        Assert.Equal(numbers, numbers.Select(_ => Done()));
    }

    [Fact]
    public void Repeated_work_is_done_again_until_it_is_cancelled()
    {
        using var cancelable = new Cancelable(Actions);
        var times = 0;
        Actions.ScheduleRepeatedly(
            TimeSpan.Zero, TimeSpan.FromMilliseconds(10),
            () =>
            {
                done.Add($"{++times}");
                if (times == 3)
                    cancelable.Cancel();
            },
            cancelable);
        Assert.Equal(["1", "2", "3"], [Done(), Done(), Done()]);
        Once(100, () => { }, "later");
        Assert.Equal("later", Done());
    }

    [Theory]
    [InlineData(0, 1000)]
    [InlineData(499, 1000)]
    [InlineData(500, 2000)]
    [InlineData(999, 2000)]
    [InlineData(1000, 2000)]
    [InlineData(1001, 2000)]
    public void Repeated_work_falls_on_multiples_of_its_interval(long due, long again) => Assert.Equal(again, QuietScheduler.Again(due, 1000));

    [Fact]
    public void Work_that_fails_is_not_repeated_and_all_other_goes_on()
    {
        Actions.ScheduleRepeatedly(TimeSpan.Zero, TimeSpan.FromMilliseconds(10), () =>
        {
            done.Add("failing");
            throw new InvalidOperationException("on purpose");
        });
        Once(200, () => { }, "later");
        Assert.Equal(["failing", "later"], [Done(), Done()]);
    }

    [Fact]
    public void At_its_end_it_does_what_someone_may_wait_for_and_takes_nothing_more()
    {
        Once(3_600_000, () => { }, "once");
        Actions.ScheduleRepeatedly(TimeSpan.FromHours(1), TimeSpan.FromHours(1), () => done.Add("repeated"));
        scheduler.Dispose();
        Assert.Equal(["once"], done);
        Assert.Throws<SchedulerException>(() => Once(1, () => { }, "after"));
    }

    [Fact]
    public async Task The_shipped_configuration_has_timers_on_it()
    {
        var shipped = ConfigurationFactory.ParseString(File.ReadAllText(ClusterConfig.ShippedFile));
        using var system = ActorSystem.Create("timers", ConfigurationFactory.ParseString("akka.actor.provider = local").WithFallback(shipped));
        Assert.IsType<QuietScheduler>(system.Scheduler);
        var inbox = Inbox.Create(system);
        system.Scheduler.ScheduleTellOnce(TimeSpan.FromMilliseconds(100), inbox.Receiver, "due", ActorRefs.NoSender);
        Assert.Equal("due", await inbox.ReceiveAsync(Patience));
        await system.Terminate().WaitAsync(Patience);
    }

    [Fact]
    public void A_tick_that_is_too_short_is_named() => Assert.Contains("tick-duration", Assert.Throws<ConfigurationException>(() => Of("0ms")).Message);

    private static QuietScheduler Of(string tick) =>
        new(ConfigurationFactory.ParseString($"akka.scheduler {{ tick-duration = {tick}, shutdown-timeout = 5s }}"), NoLogger.Instance);

    private void Once(int milliseconds, Action body, string name) => Actions.ScheduleOnce(TimeSpan.FromMilliseconds(milliseconds), () =>
    {
        body();
        done.Add(name);
    });

    private string Done() => done.TryTake(out var name, Patience) ? name : throw new TimeoutException("nothing was done");
}
