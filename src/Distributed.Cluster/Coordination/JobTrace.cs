using System.Diagnostics;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Monitoring.Metrics;

namespace Distributed.Cluster.Coordination;

/// <summary>A job as a trace: a span for the job, and below it one for each of its phases. Costs nothing while nobody listens. Not thread-safe.</summary>
internal sealed class JobTrace : IDisposable
{
    /// <summary>Where the spans come from.</summary>
    public static readonly ActivitySource Source = new(NodeMeters.MeterName);

    private readonly Activity? job;
    private Activity? phase;
    private string name = "";

    /// <summary>The job begins.</summary>
    public JobTrace(JobEntry entry)
    {
        job = Source.StartActivity("job", ActivityKind.Internal, default(ActivityContext));
        job?.SetTag("job.name", entry.Name).SetTag("job.id", $"{entry.Id}").SetTag("job.workers", entry.Workers).SetTag("job.servers", entry.Servers);
        Activity.Current = null;
    }

    /// <summary>Takes a snapshot; another phase is another span.</summary>
    public void Take(RunProgress progress)
    {
        if (job is null || progress.Phase == name)
            return;
        name = progress.Phase;
        phase?.Dispose();
        phase = Source.StartActivity(name, ActivityKind.Internal, job.Context)?.SetTag("job.step", progress.Step);
        Activity.Current = null;
    }

    /// <summary>The job has ended.</summary>
    public void End(JobStatus status, string? reason)
    {
        if (status is JobStatus.Failed or JobStatus.BadInput)
            job?.SetStatus(ActivityStatusCode.Error, reason);
        job?.SetTag("job.status", $"{status}");
        Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        phase?.Dispose();
        job?.Dispose();
        Activity.Current = null;
    }
}
