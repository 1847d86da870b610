using Distributed.Cluster.Coordination;
using Distributed.Cluster.Jobs;

namespace Distributed.Cluster.Tests.Coordination;

public sealed class JobQueueTests
{
    private readonly JobQueue<string> queue = new();

    [Fact]
    public void Jobs_have_their_turn_in_the_order_in_which_they_came()
    {
        var (a, b) = (Add("a"), Add("b"));
        Assert.Equal(("a", "content of a"), (queue.Begin()!.Value.Entry.Name, queue.Running!.Value.Content));
        Assert.Null(queue.Begin());
        Assert.Equal(["running", "waiting"], queue.All.Select(job => job.State));
        queue.End(a.Id, JobStatus.Completed, null, "abc");
        Assert.Equal(b.Id, queue.Begin()!.Value.Entry.Id);
        Assert.Equal(["completed", "running"], queue.All.Select(job => job.State));
        Assert.Equal("abc", queue.All[0].WeightsSha256);
        Assert.NotNull(queue.All[0].Ended);
    }

    [Fact]
    public void A_job_that_waits_can_end_before_its_turn_and_never_has_it()
    {
        var (_, b, c) = (Add("a"), Add("b"), Add("c"));
        queue.Begin();
        queue.End(b.Id, JobStatus.Interrupted, "stopped");
        Assert.Equal(["c"], queue.Waiting.Select(next => next.Entry.Name));
        Assert.Equal(["b interrupted", "a running", "c waiting"], queue.All.Select(job => $"{job.Name} {job.State}"));
        Assert.Null(queue.All[0].Started);
        queue.End(queue.Running!.Value.Entry.Id, JobStatus.Failed, "broke");
        Assert.Equal(c.Id, queue.Begin()!.Value.Entry.Id);
    }

    [Fact]
    public void What_has_ended_stays_as_it_was()
    {
        var a = Add("a");
        queue.Begin();
        queue.End(a.Id, JobStatus.Completed, null);
        queue.End(a.Id, JobStatus.Failed, "later");
        queue.End(Guid.NewGuid(), JobStatus.Failed, "unknown");
        Assert.Equal(JobStatus.Completed, Assert.Single(queue.All).Outcome);
    }

    [Fact]
    public void What_has_ended_is_written_down_and_known_to_the_next_coordinator()
    {
        using var folder = new TemporaryFolder();
        var file = folder["runs/jobs.jsonl"];
        Assert.Empty(JobHistory.Read(file, 10));
        foreach (var name in (string[])["a", "b", "c"])
        {
            var job = Add(name);
            queue.Begin();
            JobHistory.Append(file, queue.End(job.Id, JobStatus.Failed, $"\"{name}\" broke\nbadly")!);
        }

        File.AppendAllText(file, "{\"id\":\"0123");
        var known = JobHistory.Read(file, 2);
        Assert.Equal(queue.All[1..], known);
        var next = new JobQueue<string>(known);
        Assert.Equal(known[1], next.Find("c").Entry);
        Assert.Null(next.End(known[0].Id, JobStatus.Completed, null));
    }

    [Fact]
    public void Only_the_newest_that_ended_are_remembered()
    {
        for (var i = 0; i < JobQueue<string>.Remembered + 5; i++)
        {
            var job = Add($"{i}");
            queue.Begin();
            queue.End(job.Id, JobStatus.Completed, null);
        }

        Assert.Equal(JobQueue<string>.Remembered, queue.All.Length);
        Assert.Equal("5", queue.All[0].Name);
    }

    [Fact]
    public void A_job_is_found_by_its_id_by_its_name_or_because_it_is_the_newest()
    {
        Assert.Equal((null, "no job has run here yet"), queue.Find(null));
        var a = Add("tiny");
        Assert.Null(queue.Find(null).Entry);
        queue.Begin();
        queue.End(a.Id, JobStatus.Completed, null);
        var (second, third) = (Add("tiny"), Add("tiny"));
        Assert.Equal(a.Id, queue.Find(null).Entry!.Id);
        queue.Begin();
        Assert.Equal(second.Id, queue.Find(null).Entry!.Id);
        Assert.Equal(third.Id, queue.Find("tiny").Entry!.Id);
        Assert.Equal(a.Id, queue.Find(a.ShortId.ToUpperInvariant()).Entry!.Id);
        Assert.Equal(a.Id, queue.Find($"{a.Id}").Entry!.Id);
        Assert.Equal((null, "no job 'xyz' here"), queue.Find("xyz"));
        Assert.Equal(a.Id, queue.Find(a.ShortId).Entry!.Id);
        Assert.Contains(" may be any of ", queue.Find(Prefix()).Problem, StringComparison.Ordinal);
    }

    /// <summary>A beginning that the ids of several jobs have.</summary>
    private string Prefix()
    {
        while (true)
        {
            var twice = queue.All.GroupBy(job => job.ShortId[..1]).FirstOrDefault(group => group.Count() > 1);
            if (twice is not null)
                return twice.Key;
            Add("more");
        }
    }

    private JobEntry Add(string name) => queue.Add(name, 2, 1, $"runs/{name}", $"content of {name}");
}
