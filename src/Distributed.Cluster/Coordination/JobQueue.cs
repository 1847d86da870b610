using Distributed.Cluster.Jobs;

namespace Distributed.Cluster.Coordination;

/// <summary>
/// The jobs of a cluster: one runs, others wait in the order in which they came, and the newest that have ended are remembered.
/// Decides what is next; who runs it is told.
/// </summary>
/// <typeparam name="T">What belongs to a job besides its entry.</typeparam>
/// <param name="earlier">Jobs that have ended before, the oldest first.</param>
/// <param name="clock">Gives the times of entries; null for the system's.</param>
internal sealed class JobQueue<T>(IEnumerable<JobEntry>? earlier = null, TimeProvider? clock = null)
{
    /// <summary>So many jobs that have ended are remembered.</summary>
    public const int Remembered = 100;

    private readonly TimeProvider clock = clock ?? TimeProvider.System;
    private readonly List<(JobEntry Entry, T Content)> waiting = [];
    private readonly List<JobEntry> ended = [.. earlier ?? []];

    /// <summary>The job whose turn it is; null while there is none.</summary>
    public (JobEntry Entry, T Content)? Running { get; private set; }

    /// <summary>Those that wait, the next one first.</summary>
    public IReadOnlyList<(JobEntry Entry, T Content)> Waiting => waiting;

    /// <summary>All: those that have ended, the oldest first, then the one that runs, then those that wait.</summary>
    public JobEntry[] All => [.. ended, .. Running is { } running ? [running.Entry] : Array.Empty<JobEntry>(), .. waiting.Select(next => next.Entry)];

    /// <summary>Takes a job at the end of the queue.</summary>
    public JobEntry Add(string name, int workers, int servers, string folder, T content)
    {
        var entry = new JobEntry(Guid.NewGuid(), name, workers, servers, folder, clock.GetUtcNow());
        waiting.Add((entry, content));
        return entry;
    }

    /// <summary>Takes over a job of a former coordinator: at the end of the queue, or among those that have ended.</summary>
    public void Take(JobEntry entry, T? content)
    {
        if (entry.Outcome is null && content is not null)
            waiting.Add((entry, content));
        else if (entry.Outcome is not null && ended.TrueForAll(known => known.Id != entry.Id))
            ended.Add(entry);
    }

    /// <summary>Gives the next job its turn; null while another has it, and where nobody waits.</summary>
    public (JobEntry Entry, T Content)? Begin()
    {
        if (Running is not null || waiting.Count == 0)
            return null;
        var (entry, content) = waiting[0];
        waiting.RemoveAt(0);
        Running = (entry with { Started = entry.Started ?? clock.GetUtcNow() }, content);
        return Running;
    }

    /// <summary>The job that runs has ended, or one that waits will not run. Returns its entry; null for what ended already, which stays as it was.</summary>
    public JobEntry? End(Guid id, JobStatus outcome, string? reason, string? weightsSha256 = null)
    {
        JobEntry entry;
        if (Running is { } running && running.Entry.Id == id)
        {
            entry = running.Entry;
            Running = null;
        }
        else if (waiting.FindIndex(next => next.Entry.Id == id) is >= 0 and var at)
        {
            entry = waiting[at].Entry;
            waiting.RemoveAt(at);
        }
        else
        {
            return null;
        }

        ended.Add(entry with { Ended = clock.GetUtcNow(), Outcome = outcome, Reason = reason, WeightsSha256 = weightsSha256 });
        if (ended.Count > Remembered)
            ended.RemoveAt(0);
        return ended[^1];
    }

    /// <summary>
    /// The job that someone means: by its name (of several the newest one that has not ended, else the newest) or the beginning of its id.
    /// Without a word: the one that runs, else the one that ended last.
    /// </summary>
    /// <returns>The job, or null and a line that says what is wrong.</returns>
    public (JobEntry? Entry, string Problem) Find(string? word)
    {
        if (string.IsNullOrEmpty(word))
            return (Running?.Entry ?? ended.LastOrDefault(), "no job has run here yet");
        var found = All.Where(entry => entry.Name == word).OrderBy(entry => entry.Outcome is null).ThenBy(entry => entry.Submitted).LastOrDefault();
        if (found is not null)
            return (found, "");
        var byId = All.Where(entry => entry.Id.ToString("N").StartsWith(word.Replace("-", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase)).ToArray();
        return byId.Length > 1
            ? (null, $"'{word}' may be any of {string.Join(", ", byId.Select(entry => entry.ShortId))}")
            : (byId.FirstOrDefault(), $"no job '{word}' here");
    }
}
