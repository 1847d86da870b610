using System.Diagnostics;
using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Event;

namespace Distributed.Cluster.Nodes;

/// <summary>
/// Akka's timers on a thread of their own that sleeps until the next one is due. Akka's scheduler wakes at every tick instead, whether or not
/// anything is due, and for that wakes the shared pool's timer thread and one of its workers. Repeated work falls on the multiples of its interval,
/// in all processes of a machine at the same time: they wake together, and take cores that compute once instead of each at another moment.
/// </summary>
internal sealed class QuietScheduler : SchedulerBase, IDateTimeOffsetNowTimeProvider, IDisposable
{
    private static readonly long Start = Stopwatch.GetTimestamp();

    private readonly object gate = new();

    // Of what is due at the same time the first that was asked for comes first.
    private readonly PriorityQueue<Timer, (long Due, long Number)> timers = new();
    private readonly long tick;
    private readonly TimeSpan shutdownTimeout;
    private readonly Thread thread;
    private long asked;
    private bool ended;

    /// <param name="Interval">Ticks until it is due again; 0: it is not.</param>
    private sealed record Timer(Action Body, long Interval, ICancelable? Cancelable)
    {
        public bool IsCancelled => Cancelable?.IsCancellationRequested == true;
    }

    /// <summary>Called by Akka, which names it in <c>akka.scheduler.implementation</c>.</summary>
    public QuietScheduler(Config config, ILoggingAdapter log)
        : base(config, log)
    {
        tick = config.GetTimeSpan("akka.scheduler.tick-duration").Ticks;
        if (tick < TimeSpan.TicksPerMillisecond)
            throw new ConfigurationException("akka.scheduler.tick-duration: expected at least 1ms");
        shutdownTimeout = config.GetTimeSpan("akka.scheduler.shutdown-timeout");
        thread = new Thread(Run) { Name = "timers", IsBackground = true };
        thread.Start();
    }

    /// <inheritdoc/>
    public override TimeSpan MonotonicClock => Stopwatch.GetElapsedTime(Start);

    /// <inheritdoc/>
    public override TimeSpan HighResMonotonicClock => Stopwatch.GetElapsedTime(Start);

    /// <inheritdoc/>
    protected override DateTimeOffset TimeNow => DateTimeOffset.Now;

    /// <summary>Ends the thread, and does at once what was to be done once: someone may wait for it.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (ended)
                return;
            ended = true;
            Monitor.PulseAll(gate);
        }

        if (Thread.CurrentThread != thread && !thread.Join(shutdownTimeout))
        {
            Log.Warning("a timer's work did not end within {0}", shutdownTimeout);
            return;
        }

        while (timers.TryDequeue(out var timer, out _))
            if (timer.Interval == 0)
                Do(timer);
    }

    /// <inheritdoc/>
    protected override void InternalScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        Add(delay, TimeSpan.Zero, () => receiver.Tell(message, sender), cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleTellRepeatedly(
        TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        Add(initialDelay, interval, () => receiver.Tell(message, sender), cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleOnce(TimeSpan delay, Action action, ICancelable cancelable) => Add(delay, TimeSpan.Zero, action, cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleOnce(TimeSpan delay, IRunnable action, ICancelable cancelable) => Add(delay, TimeSpan.Zero, action.Run, cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action, ICancelable cancelable) =>
        Add(initialDelay, interval, action, cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, IRunnable action, ICancelable cancelable) =>
        Add(initialDelay, interval, action.Run, cancelable);

    private void Add(TimeSpan delay, TimeSpan interval, Action body, ICancelable? cancelable)
    {
        lock (gate)
        {
            if (ended)
                throw new SchedulerException("the scheduler has ended");
            Enqueue(new Timer(body, interval.Ticks, cancelable), Now + delay.Ticks);
        }
    }

    /// <summary>What is due between two ticks is done at the second, with all else that is due by then.</summary>
    private void Enqueue(Timer timer, long at)
    {
        var due = (at + tick - 1) / tick * tick;
        var isNext = !timers.TryPeek(out _, out var next) || due < next.Due;
        timers.Enqueue(timer, (due, asked++));
        if (isNext)
            Monitor.Pulse(gate);
    }

    private void Run()
    {
        while (Next() is var (timer, due))
        {
            if (!Do(timer) || timer.Interval == 0)
                continue;
            // What could not be done in time is not done more often later.
            lock (gate)
                Enqueue(timer, Math.Max(Again(due, timer.Interval), Now));
        }
    }

    /// <summary>The multiple of the interval that is nearest to one interval later.</summary>
    internal static long Again(long due, long interval) => (due + interval + (interval / 2)) / interval * interval;

    /// <summary>Waits until a timer is due; null: the end.</summary>
    private (Timer Timer, long Due)? Next()
    {
        lock (gate)
        {
            while (!ended)
            {
                if (!timers.TryPeek(out _, out var next))
                    Monitor.Wait(gate);
                else if (next.Due - Now is > 0 and var left)
                    Monitor.Wait(gate, (int)Math.Min(int.MaxValue, (left + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond));
                else
                    return (timers.Dequeue(), next.Due);
            }

            return null;
        }
    }

    /// <summary>False: it was cancelled, or failed, and is not done again.</summary>
    private bool Do(Timer timer)
    {
        if (timer.IsCancelled)
            return false;
        try
        {
            timer.Body();
            return true;
        }
        catch (Exception exception)
        {
            // The top of the thread: all other timers go on. Whoever asks for something after the actor system's end has nobody to ask.
            if (exception is not SchedulerException)
                Log.Error(exception, "a timer's work failed");
            return false;
        }
    }

    // Not since this process began, but on the clock that all processes of the machine have in common.
    private static long Now => Stopwatch.GetElapsedTime(0).Ticks;
}
