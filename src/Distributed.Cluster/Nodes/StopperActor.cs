using Akka.Actor;
using Distributed.Cluster.Protocol;
using Distributed.Learning;

namespace Distributed.Cluster.Nodes;

/// <summary>Has the job that runs in a cluster end with a checkpoint, and waits until it has.</summary>
internal sealed class StopperActor : ReceiveActor, IWithTimers
{
    /// <summary>The coordinator answers each time that it is asked.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    private readonly TaskCompletionSource<string> folder;
    private Guid job;

    private sealed record Ask
    {
        public static readonly Ask Instance = new();
    }

    public StopperActor(ICanTell gateway, Action<string> stopping, TaskCompletionSource<string> folder)
    {
        this.folder = folder;
        // Asking, which is no message of the cluster, does not put the silence off: only what a coordinator says does.
        var heard = Environment.TickCount64;
        Receive<Ask>(_ =>
        {
            if (Environment.TickCount64 - heard > Silence.TotalMilliseconds)
                End(new TimeoutException($"no word from the coordinator for {Silence.TotalSeconds:F0} s"));
            else
                gateway.Tell(new JobMessages.Stop(job, Self), Self);
        });
        Receive<JobMessages.Stopping>(asked =>
        {
            heard = Environment.TickCount64;
            if (job == Guid.Empty)
                stopping(asked.JobName);
            job = asked.Job;
        });
        Receive<JobMessages.Rejected>(rejected => End(new BadInputException(rejected.Reason)));
        Receive<JobMessages.Stopped>(stopped =>
        {
            folder.TrySetResult(stopped.OutFolder);
            Context.Stop(Self);
        });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    public static Props Props(ICanTell gateway, Action<string> stopping, TaskCompletionSource<string> folder) =>
        Akka.Actor.Props.Create(() => new StopperActor(gateway, stopping, folder));

    protected override void PreStart() => Timers.StartPeriodicTimer("ask", Ask.Instance, TimeSpan.Zero, Again);

    protected override void PostStop() => folder.TrySetException(new TimeoutException("this process left the cluster"));

    private void End(Exception cause)
    {
        folder.TrySetException(cause);
        Context.Stop(Self);
    }
}
