using System.Diagnostics.CodeAnalysis;
using Akka.Actor;
using Distributed.Cluster.Chaos;
using Distributed.Cluster.Checkpoints;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Ledgers;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Protocol;
using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cluster.Coordination;

/// <summary>
/// What a job's coordinator does with checkpoints: go on from one, and write them. One held worker holds every shard at its version,
/// since each update needs every slot; it is held only while the servers copy weights and optimizer state in their memory. The network and the
/// disk come after.
/// </summary>
internal sealed partial class JobActor
{
    private const string CopyWork = "checkpoint copy";
    private const string DiskWork = "checkpoint";
    private const string RestoreWork = "restore";
    private const string BestWork = "best";
    private const string SaveWork = "save";

    private readonly Lock disk = new();
    private readonly SpareMemory spare = new();
    private CheckpointContent? unwritten;
    private int copies;
    private int writes;
    private bool holds;
    private long hold;

    /// <summary>When a worker was asked to hold that has not answered yet; null: there is none.</summary>
    private long? askedToHoldAt;
    private long checkpointVersion;
    private long checkpointAt = Environment.TickCount64;
    private long? finalVersion;
    private bool modelSaved;

    private sealed record Restored(long Term, string? BestSha256);

    private sealed record CheckpointKept(long Hold, long Version, long Since);

    private sealed record CheckpointRead(long Hold, long Version, CheckpointContent? Content, Exception? Cause);

    private sealed record CheckpointWritten(long Version, string Folder, long Bytes, Exception? Cause);

    /// <summary>Members need not hear of each other before the servers have what the checkpoint holds.</summary>
    private void Restore()
    {
        var store = Store();
        var best = earlyStopping is { RestoresBest: true, Best: { } evaluation } ? evaluation.Version : (long?)null;
        var (bestFile, modelFile) = (BestFile, files.ModelFile);
        var (from, under) = (origin!, term);
        Work(RestoreWork, () =>
        {
            store.Restore(from);
            if (best is not { } version)
                return new Restored(under, null);
            // A later one than the best before the checkpoint will be found, and written, again.
            return ReadBest(store, bestFile, modelFile) is { } kept && kept.Version >= version
                ? new Restored(under, kept.WeightsSha256)
                : throw new BadInputException($"{bestFile}: expected the weights of the best evaluation before the checkpoint, of version {version}");
        });
    }

    /// <summary>Takes over what the run had found before the checkpoint.</summary>
    [MemberNotNull(nameof(run))]
    private void TakeOver(EarlierRun earlier)
    {
        watch = new ConvergenceWatch();
        run = earlier.Figures;
        earlyStopping = job.EarlyStopping is { } spec ? new EarlyStopping(spec) : null;
        plateau = job.Optimizer.Schedule.FollowsEvaluations
            ? new PlateauRate(job.Optimizer.Schedule, job.Optimizer.ScaledRate(job.Batch)) : null;
        ratesAwaited.Clear();
        decision = null;
        (evaluation, stoppedAt, bestSha256) = (null, null, null);
        foreach (var (found, trainingLoss) in earlier.Evaluations)
        {
            // What they gave reason to warn of was told then.
            watch.Observe(trainingLoss, found.Loss);
            var stop = earlyStopping?.Observe(found).Stop == true;
            // A run that is resumed went on from there.
            if (stop && former is not null)
                stoppedAt = found.Version;
            plateau?.Observe(found);
            evaluation = found;
        }
    }

    private void WatchForCheckpoint()
    {
        if (!IsCheckpointing && job.Checkpoint.IsDue(board!.Next, checkpointVersion, TimeSpan.FromMilliseconds(Environment.TickCount64 - checkpointAt)))
            Hold();
    }

    /// <summary>Whether a checkpoint is under way, or none can be made now.</summary>
    private bool IsCheckpointing => holds || interruptAsked || copies > 0 || unwritten is not null || writes > 0 || run.LastStep is null || board!.Next == Steps;

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
        hold++;
        // The others wait for the held one: their deadline is that of the copying now.
        var leased = Leased.ToArray();
        foreach (var worker in leased.Skip(1))
            worker.Node.Actor.Tell(new TrainingMessages.BePatient(id, node.Settings.Deadlines.Saving(layout!.Length)));
        AskToHold();
    }

    private void AskToHold()
    {
        askedToHoldAt = Environment.TickCount64;
        Leased.First().Node.Actor.Tell(new TrainingMessages.Pause(id));
    }

    /// <summary>Asks again where steps go on although a worker is to hold: what is under way when a connection breaks is lost.</summary>
    private void WatchForHold()
    {
        var allowed = stepTimes?.Deadline ?? node.Settings.Deadlines.StepFloor;
        if (askedToHoldAt is not { } asked || lastProgressAt - asked < allowed.TotalMilliseconds)
            return;
        var (name, seconds) = (Leased.First().Node.Name, Math.Round((Environment.TickCount64 - asked) / 1000.0, 1));
        node.Log.HoldUnanswered(name, seconds);
        Notice($"{name} was asked {seconds} s ago to hold for a checkpoint, and makes steps: it is asked again");
        AskToHold();
    }

    private void Read(long version)
    {
        if (interruptAsked)
            Enter("saving");
        checkpointVersion = version;
        var since = checkpointAt = Environment.TickCount64;
        copies++;
        var store = Store();
        var (self, held, stillness) = (Self, hold, StandsStill);
        Work(CopyWork, () =>
        {
            try
            {
                node.Chaos?.At(ChaosPhase.WhileHolding, version);
                return new CheckpointRead(held, version, store.ReadCheckpoint(version, () =>
                {
                    self.Tell(new CheckpointKept(held, version, since));
                    if (!stillness)
                        Background.Enter();
                }), null);
            }
            catch (Exception exception)
            {
                // The top of the thread: the actor decides what a lost checkpoint means.
                return new CheckpointRead(held, version, null, exception);
            }
        });
    }

    /// <summary>Whoever holds need not wait for the copy to arrive here, unless nobody goes on before it is on the disk.</summary>
    private void Take(CheckpointKept kept)
    {
        if (failing)
            return;
        node.Log.CheckpointCopied(kept.Version, Environment.TickCount64 - kept.Since);
        if (IsHeld(kept.Hold) && !StandsStill)
            GoOn();
    }

    /// <summary>Whether nobody goes on before a checkpoint is on the disk.</summary>
    private bool StandsStill => interruptAsked || HandsOver || spreading;

    /// <summary>Whoever held has been halted meanwhile where the members have changed.</summary>
    private bool IsHeld(long since) => holds && since == hold;

    private void Take(CheckpointRead read)
    {
        copies--;
        if (failing)
        {
            read.Content?.Dispose();
            return;
        }

        if (read.Content is { } content && content.Version > (unwritten?.Version ?? -1))
        {
            unwritten?.Dispose();
            unwritten = content;
        }
        else
        {
            read.Content?.Dispose();
        }

        if (IsHeld(read.Hold) && interruptAsked)
        {
            finalVersion = read.Version;
            Become(Saving);
        }
        else if (IsHeld(read.Hold) && HandsOver && read.Cause is null)
        {
            handedOverAt = read.Version;
        }
        else if (IsHeld(read.Hold) && !(spreading && read.Cause is null))
        {
            GoOn();
        }

        if (read.Cause is { } cause)
            Lose(read.Version, cause);
        else
            WriteCheckpoint();
        EndOnceWritten();
    }

    /// <summary>Lets the held worker go on.</summary>
    private void GoOn()
    {
        if (spreading)
            spreadFrom = Environment.TickCount64 + (long)BetweenAttemptsToSpread.TotalMilliseconds;
        (holds, askedToHoldAt, spreading, handedOverAt) = (false, null, false, null);
        lastProgressAt = Environment.TickCount64;
        Leased.First().Node.Actor.Tell(new TrainingMessages.Continue(id));
    }

    /// <summary>Writes what was copied, once the figures of all its steps are in the run's folder: whoever resumes needs both.</summary>
    private void WriteCheckpoint()
    {
        if (unwritten is not { } content || board!.Next < content.Version || phase is not ("training" or "saving" or Reforming))
            return;
        unwritten = null;
        writes++;
        var complete = files.Flush() & ledger!.Flush();
        string[] figures = [files.MetricsFile, LedgerFile.Of(files.Folder)];
        var store = Store();
        var stillness = StandsStill;
        var (folder, text, keep) = (RunCheckpoints.FolderOf(files.Folder), job.Text, job.Checkpoint.Keep);
        Work(DiskWork, () =>
        {
            // While others compute, hashing and writing take what they leave.
            if (!stillness)
                Background.Enter();
            using (content)
                lock (disk)
                {
                    try
                    {
                        if (!complete)
                            throw new IOException("the metrics and the ledger that go with it can't be written");
                        // Slow disks hold up this thread alone.
                        foreach (var file in figures)
                            Disk.Flush(file);
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
        if (failing)
            return;
        if (written.Cause is { } cause)
            Lose(written.Version, cause);
        else
            node.Log.CheckpointWritten(written.Version, written.Folder, written.Bytes);
        if (spreading && phase == "training" && written.Version == checkpointVersion)
            Spread(written.Cause);
        else if (written.Cause is null && written.Version == finalVersion)
            Release(JobStatus.Interrupted, $"stopped at step {written.Version}; checkpoint in {written.Folder}");
        else if (holds && written.Version == handedOverAt && written.Cause is null)
            HandOver();
        else if (holds && written.Version == handedOverAt)
            GoOn();
        else
            EndOnceWritten();
    }

    /// <summary>The job is over when its model is written, and every checkpoint that was begun.</summary>
    private void EndOnceWritten()
    {
        if (modelSaved && copies == 0 && writes == 0 && phase != "finished")
            Release(JobStatus.Completed, null);
    }

    private void Lose(long version, Exception cause)
    {
        if (version == finalVersion && waitingFor is { } awaited)
        {
            // Shards that stand at two versions can't be read as one; the checkpoints that are there are whole.
            Release(JobStatus.Interrupted, $"stopped while it waited: {awaited}; without a new checkpoint: {MemberFailure.Describe(id, node.Name, cause).Reason}");
            return;
        }

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
