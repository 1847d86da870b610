using Akka.Actor;
using Distributed.Cluster.Checkpoints;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Protocol;
using Distributed.Learning;

namespace Distributed.Cluster.Coordination;

/// <summary>
/// What a job's coordinator does with checkpoints: go on from one, and write them. One held worker holds every shard at its version,
/// since each update needs every slot; it is held only while weights and optimizer state are copied, and the disk comes after.
/// </summary>
internal sealed partial class JobActor
{
    private readonly Checkpoint? checkpoint;
    private readonly Lock disk = new();
    private CheckpointContent? unwritten;
    private int writes;
    private long heldSince;
    private bool holds;
    private long checkpointVersion;
    private long checkpointAt = Environment.TickCount64;
    private long? finalVersion;
    private bool modelSaved;

    private sealed record Restored(string? BestSha256);

    private sealed record CheckpointRead(CheckpointContent? Content, Exception? Cause);

    private sealed record CheckpointWritten(long Version, string Folder, long Bytes, Exception? Cause);

    private long FirstVersion => checkpoint?.Version ?? 0;

    /// <summary>Members need not hear of each other before the servers have what the checkpoint holds.</summary>
    private void Restore()
    {
        var store = Store();
        var best = earlyStopping is { RestoresBest: true, Best: { } evaluation } ? evaluation.Version : (long?)null;
        var bestFile = BestFile;
        Work("restore", () =>
        {
            store.Restore(checkpoint!);
            if (best is not { } version)
                return new Restored(null);
            // A later one than the best before the checkpoint will be found, and written, again.
            return store.ReadModel(bestFile) is { } kept && kept.Version >= version
                ? new Restored(kept.WeightsSha256)
                : throw new BadInputException($"{bestFile}: expected the weights of the best evaluation before the checkpoint, of version {version}");
        });
    }

    /// <summary>Takes over what the run had found before the checkpoint.</summary>
    private void TakeOver(EarlierRun earlier)
    {
        foreach (var step in earlier.Steps)
        {
            history.Add(step);
            statistics.Add(step);
            lastStep = step;
        }

        foreach (var figures in earlier.Evaluations)
        {
            // What they gave reason to warn of was told then.
            watch.Observe(history.Add(figures), figures.Loss);
            earlyStopping?.Observe(figures);
            plateau?.Observe(figures);
            evaluation = figures;
        }
    }

    private void WatchForCheckpoint()
    {
        if (holds || interruptAsked || unwritten is not null || writes > 0 || lastStep is null || board!.Next == Steps)
            return;
        if (job.Checkpoint.IsDue(board.Next, checkpointVersion, TimeSpan.FromMilliseconds(Environment.TickCount64 - checkpointAt)))
            Hold();
    }

    private void Interrupt()
    {
        if (interruptAsked)
            return;
        interruptAsked = true;
        node.Log.Interrupted(job.Name);
        Notice("stopping: writing a checkpoint");
        if (!holds)
            Hold();
    }

    private void Hold()
    {
        holds = true;
        heldSince = Environment.TickCount64;
        // The others wait for the held one: their deadline is that of the copying now.
        foreach (var worker in workers.Skip(1))
            worker.Node.Actor.Tell(new TrainingMessages.BePatient(id, node.Settings.Deadlines.Saving(layout!.Length)));
        workers[0].Node.Actor.Tell(new TrainingMessages.Pause(id));
    }

    private void Read(long version)
    {
        if (interruptAsked)
            Enter("saving");
        checkpointVersion = version;
        checkpointAt = heldSince = Environment.TickCount64;
        var store = Store();
        Work("checkpoint copy", () =>
        {
            try
            {
                return new CheckpointRead(store.ReadCheckpoint(version), null);
            }
            catch (Exception exception)
            {
                // The top of the thread: the actor decides what a lost checkpoint means.
                return new CheckpointRead(null, exception);
            }
        });
    }

    private void Take(CheckpointRead read)
    {
        node.Log.CheckpointCopied(checkpointVersion, Environment.TickCount64 - heldSince);
        if (read.Content is not null)
        {
            unwritten?.Dispose();
            unwritten = read.Content;
        }

        if (interruptAsked)
        {
            finalVersion = checkpointVersion;
            Become(Saving);
        }
        else
        {
            holds = false;
            lastProgressAt = Environment.TickCount64;
            workers[0].Node.Actor.Tell(new TrainingMessages.Continue(id));
        }

        if (read.Cause is { } cause)
            Lose(checkpointVersion, cause);
        else
            WriteCheckpoint();
    }

    /// <summary>Writes what was copied, once the figures of all its steps are in the run's folder: whoever resumes needs both.</summary>
    private void WriteCheckpoint()
    {
        if (unwritten is not { } content || board!.Next < content.Version || phase is not ("training" or "saving"))
            return;
        unwritten = null;
        writes++;
        files.FlushToDisk();
        ledger!.FlushToDisk();
        var store = Store();
        var (folder, text, keep) = (RunCheckpoints.FolderOf(files.Folder), job.Text, job.Checkpoint.Keep);
        Work("checkpoint", () =>
        {
            using (content)
                lock (disk)
                {
                    try
                    {
                        var (written, bytes) = store.WriteCheckpoint(content, folder, text);
                        RunCheckpoints.Retain(folder, keep);
                        return new CheckpointWritten(content.Version, written, bytes, null);
                    }
                    catch (Exception exception)
                    {
                        // The top of the thread: a full disk must not end the job.
                        return new CheckpointWritten(content.Version, folder, 0, exception);
                    }
                }
        });
    }

    private void Take(CheckpointWritten written)
    {
        writes--;
        if (written.Cause is { } cause)
            Lose(written.Version, cause);
        else
            node.Log.CheckpointWritten(written.Version, written.Folder, written.Bytes);
        if (written.Cause is null && written.Version == finalVersion)
            Release(JobStatus.Interrupted, $"stopped at step {written.Version}; checkpoint in {written.Folder}");
        else if (modelSaved && writes == 0)
            Release(JobStatus.Completed, null);
    }

    private void Lose(long version, Exception cause)
    {
        if (version == finalVersion)
        {
            Fail(MemberFailure.Describe(id, node.Name, cause));
            return;
        }

        var reason = MemberFailure.Describe(id, node.Name, cause).Reason;
        node.Log.CheckpointFailed(version, reason);
        Notice($"warning: the checkpoint of step {version} was not written: {reason}");
    }
}
