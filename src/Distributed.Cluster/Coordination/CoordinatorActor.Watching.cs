using Akka.Actor;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Monitoring.Logs;
using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Coordination;

/// <summary>What the coordinator tells those who watch: submitters, whoever asks, and the coordinator that comes after it.</summary>
internal sealed partial class CoordinatorActor
{
    /// <summary>Of a log, in one answer: a message stays below the control plane's 32 KB.</summary>
    private const int BytesOfLog = 24_000;

    /// <summary>Nodes need not keep what is in the log.</summary>
    private void AnswerForEvents()
    {
        foreach (var (from, before) in intake.Written(running?.Log.Written ?? long.MaxValue))
            from.Tell(new MembershipMessages.EventsTaken(before));
    }

    private void TellFollower(Guid job, object message)
    {
        if (followers.TryGetValue(job, out var follower))
            follower.Tell(message);
    }

    /// <summary>A submitter that was held for gone, or whose last word was lost, hears of its job again.</summary>
    private void Follow(Guid job, IActorRef submitter)
    {
        if (queue.All.FirstOrDefault(entry => entry.Id == job) is not { } entry)
            return;
        if (entry.Outcome is { } outcome)
            submitter.Tell(new JobMessages.Ended(job, outcome, entry.Reason, entry.Folder, null));
        else if (followers.TryAdd(job, submitter))
            Context.Watch(submitter);
    }

    private void TellLast(JobMessages.Ended ended)
    {
        TellFollower(ended.Job, ended);
        if (followers.Remove(ended.Job, out var follower) && !followers.ContainsValue(follower))
            Context.Unwatch(follower);
    }

    private ClusterStatus StatusOf(JobEntry? entry) => board.Of(node.Name, entry, nodes.Values, queue.Waiting.Count);

    private IReadOnlyList<JobEntry> Earlier()
    {
        try
        {
            return node.HistoryFile is { } file ? JobHistory.Read(file, JobQueue<JobMessages.Submit>.Remembered) : [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            node.Log.NoHistory(exception.Message);
            return [];
        }
    }

    private void Remember(JobEntry? ended)
    {
        if (ended is not null)
            KeepEnd(ended);
        if (node.HistoryFile is not { } file || ended is null)
            return;
        try
        {
            JobHistory.Append(file, ended);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            node.Log.NoHistory(exception.Message);
        }
    }

    /// <summary>Reads on a thread of the pool: a disk may be slow, and whoever asks is not waited for.</summary>
    private void ReadLog(WatchMessages.ReadLog ask)
    {
        var (entry, problem) = queue.Find(ask.Job);
        if (entry is null)
        {
            Sender.Tell(new WatchMessages.Answer(false, problem));
            return;
        }

        var over = entry.Outcome is not null && running?.Id != entry.Id;
        var from = new LogPlace(ask.Part, ask.Offset);
        Task.Run<object>(() =>
        {
            try
            {
                var page = Directory.Exists(entry.Folder) ? LogReader.Read(entry.Folder, from, BytesOfLog) : new LogPage([], from, AtEnd: true);
                return new WatchMessages.Log(entry.Id, page.Lines, page.Next.Part, page.Next.Offset, page.AtEnd, over && page.AtEnd);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return new WatchMessages.Answer(false, $"{entry.Folder}: {exception.Message}");
            }
        }).PipeTo(Sender, Self);
    }

    /// <summary>Submitters of waiting jobs would take silence for the coordinator's end.</summary>
    private void SayWhoWaits()
    {
        for (var i = 0; i < queue.Waiting.Count; i++)
        {
            var entry = queue.Waiting[i].Entry;
            TellFollower(entry.Id, new JobMessages.Progress(entry.Id, new RunProgress(
                entry.Name, $"waiting for {i + 1} other {(i == 0 ? "job" : "jobs")}", 0, 0, 0, 0, double.NaN, null, null, 0, 0, [], [], [])));
        }
    }
}
