using Akka.Actor;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Workers;

namespace Distributed.Cluster.Coordination;

/// <summary>What a job's coordinator does in every phase: take figures, watch for stalls and losses, tell whoever watches.</summary>
internal sealed partial class JobActor
{
    /// <summary>How long a run's files wait for a picture of it.</summary>
    private static readonly TimeSpan DrawBound = TimeSpan.FromSeconds(10);

    private readonly List<string> knownStragglers = [];
    private long lastProgressAt = Environment.TickCount64;
    private StepTimes? stepTimes;

    private long Steps => sampler is null ? 0 : job.Length.TotalSteps(sampler.StepsPerEpoch);

    private int Epochs => sampler is null ? job.Length.Epochs ?? 0 : job.Length.TotalEpochs(sampler.StepsPerEpoch);

    private void Always()
    {
        Receive<TrainingMessages.MemberFailed>(Fail);
        Receive<WorkFailed>(failed => Fail(MemberFailure.Describe(id, node.Name, failed.Cause)));
        Receive<NodeGone>(gone =>
        {
            if (LetGo(gone.Node))
                Fail(new TrainingMessages.MemberFailed(
                    id, gone.Node, TrainingMessages.CauseRank.NodeLost, $"{gone.Node} is gone: {gone.How}", null, BadInput: false));
        });
    }

    /// <summary>Whoever is gone has nothing left to release. Whether it was a member of this job.</summary>
    private bool LetGo(string name)
    {
        var worker = Array.Find(workers, candidate => candidate.Node.Name == name);
        var server = Array.Find(servers, candidate => candidate.Node.Name == name);
        if (worker is not null)
            worker.Released = true;
        if (server is not null)
            server.Released = true;
        return worker is not null || server is not null;
    }

    private WorkerState WorkerOf(string name) => workers.First(worker => worker.Node.Name == name);

    private IEnumerable<string> NotReady() =>
        servers.Where(server => server.Endpoint is null).Select(server => server.Node.Name)
            .Concat(workers.Where(worker => !worker.Ready).Select(worker => $"{worker.Node.Name} ({worker.Phase})"));

    private void Take(ProgressMessages.WorkerReport report)
    {
        WorkerOf(report.Node).Update(report);
        if (board is null || sampler is null)
            return;
        if (report.Evaluations.Length > 0)
            lastProgressAt = Environment.TickCount64;
        foreach (var part in report.Steps)
            foreach (var step in board.Add(part))
                Complete(step);
        foreach (var block in report.Evaluations)
            if (evaluations!.Add(block) is { } figures)
                evaluated.Enqueue(figures);
        // The last block of a test may come before another worker's report of the step that it tests.
        CompleteEvaluations();
        WriteCheckpoint();
    }

    private void Complete(StepRecord step)
    {
        var epoch = (int)sampler!.EpochOf(step.Step) + 1;
        files.Write(step, epoch, learningRates!.At(step.Step, plateau?.Rate));
        ledger!.Add(step.Step, step.SlotSamples);
        statistics.Add(step);
        history.Add(step);
        lastStep = step;
        lastProgressAt = Environment.TickCount64;
        (stepTimes ??= new StepTimes(node.Settings.Deadlines.StepFloor, node.Settings.Deadlines.StepFactor)).Add(TimeSpan.FromMilliseconds(step.TotalMilliseconds));
        epochSteps.Add(step);
        if ((step.Step + 1) % sampler.StepsPerEpoch != 0)
            return;
        var samples = epochSteps.Sum(record => record.Samples);
        var loss = epochSteps.Sum(record => record.Loss * record.Samples) / samples;
        var rate = samples / Math.Max(1e-9, epochSteps.Sum(record => record.TotalMilliseconds) / 1000);
        node.Log.EpochEnded(epoch, step.Step + 1, loss, Math.Round(rate, 1));
        epochSteps.Clear();
    }

    /// <summary>No step and no block of an evaluation for longer than steps take: says who lags, and ends the job at twice that time.</summary>
    private void WatchForStall()
    {
        var allowed = stepTimes?.Deadline ?? node.Settings.Deadlines.StepFloor;
        if (holds)
            allowed += node.Settings.Deadlines.Saving(layout!.Length);
        var silent = TimeSpan.FromMilliseconds(Environment.TickCount64 - Math.Max(lastProgressAt, phaseSince));
        if (silent < allowed || savesBest)
        {
            knownStragglers.Clear();
            return;
        }

        if (ratesAwaited.Count > 0)
        {
            if (silent > 2 * allowed)
                Fail(new TrainingMessages.MemberFailed(
                    id, ratesAwaited.First(), TrainingMessages.CauseRank.TimedOut,
                    $"waited {silent.TotalSeconds:F0} s for {string.Join(", ", ratesAwaited)} to take over the learning rate of step {decision!.Version}", null,
                    BadInput: false));
            return;
        }

        // Whoever still computes the oldest step is waited for; the others wait in the exchange.
        var slowest = workers.Where(worker => !worker.Finished).OrderBy(worker => worker.Step).ThenBy(worker => worker.Phase == "exchanging").First();
        var seconds = Math.Round((Environment.TickCount64 - slowest.Since) / 1000.0, 1);
        var what = $"{slowest.Node.Name} (slots {slowest.SlotsText}) has been {slowest.Phase} step {slowest.Step} for {seconds} s";
        if (!knownStragglers.Contains(slowest.Node.Name))
        {
            knownStragglers.Add(slowest.Node.Name);
            node.Log.Straggler(slowest.Node.Name, slowest.Phase, slowest.Step, seconds);
            Notice($"no step for {silent.TotalSeconds:F0} s: {what}");
        }

        if (silent > 2 * allowed)
            Fail(new TrainingMessages.MemberFailed(
                id, slowest.Node.Name, TrainingMessages.CauseRank.TimedOut, $"no step for {silent.TotalSeconds:F0} s: {what}", null, BadInput: false));
    }

    private RunStore Store()
    {
        var deadlines = node.Settings.Deadlines;
        return new RunStore(id, secret, node.Name, connect!, layout!, deadlines.Handshake, deadlines.Saving(layout!.Length))
        { Seen = (version, weights) => files.WriteHistograms(version, layout, weights) };
    }

    /// <summary>Runs work on a thread of its own and tells this actor the result.</summary>
    private void Work(string name, Func<object> work)
    {
        var self = Self;
        new Thread(() =>
        {
            object result;
            try
            {
                result = work();
            }
            catch (Exception exception)
            {
                // The top of the thread: the actor reports it.
                result = new WorkFailed(exception);
            }

            self.Tell(result);
        })
        { Name = name, IsBackground = true }.Start();
    }

    private void Enter(string newPhase)
    {
        phase = newPhase;
        phaseSince = Environment.TickCount64;
        Publish();
    }

    private bool PhaseLasts(TimeSpan bound) => Environment.TickCount64 - phaseSince > bound.TotalMilliseconds;

    private void Notice(string text) => notices.Add(text);

    private void Publish()
    {
        var done = lastStep is null ? 0 : lastStep.Step + 1;
        var version = board?.Next ?? 0;
        var epoch = sampler is null ? 0 : (int)Math.Min(Epochs, sampler.EpochOf(done) + 1);
        submitter.Tell(new JobMessages.Progress(id, new RunProgress(
            job.Name, phase, epoch, Epochs, done, Steps, lastStep?.Loss ?? double.NaN, evaluation?.Loss, evaluation?.Accuracy,
            statistics.SamplesPerSecond, Elapsed, [.. workers.Select(worker => worker.Progress)],
            [.. servers.Select(server => new ServerProgress(server.Node.Name, server.Shards.Length, version, server.Bytes))],
            [.. notices])));
        notices.Clear();
    }

    private double Elapsed => Math.Round((Environment.TickCount64 - started) / 1000.0, 2);

    /// <summary>Says how the job ended; the files close a moment later, when the last events of all nodes have arrived.</summary>
    private void End(JobStatus ended, string? why)
    {
        status = ended;
        reason = why;
        node.Log.JobEnded(job.Name, ended.ToString(), why ?? "");
        Timers.CancelAll();
        Timers.StartSingleTimer("close", CloseFiles.Instance, 3 * EventRelay.Interval);
        DrawCurves();
        var over = false;
        CurvesDrawn? curves = null;
        Become(() =>
        {
            Receive<CloseFiles>(_ =>
            {
                over = true;
                if (curves is not null)
                    Close(curves);
            });
            Receive<CurvesDrawn>(drawn =>
            {
                curves = drawn;
                if (drawn.Failure is { } reason)
                {
                    node.Log.NoPicture(reason);
                    Timers.StartSingleTimer("close", CloseFiles.Instance, 3 * EventRelay.Interval);
                }
                else if (over)
                {
                    Close(curves);
                }
            });
            ReceiveAny(_ => { });
        });
    }

    /// <summary>A picture takes a moment; whatever goes wrong with it must not cost the run its files.</summary>
    private void DrawCurves()
    {
        if (statistics.Steps == 0)
        {
            Self.Tell(new CurvesDrawn(null, null, null));
            return;
        }

        var (name, draw, charts, confusion) = (job.Name, node.DrawCurves, RunCurves.Of(history), evaluation?.Classification?.Confusion);
        Timers.StartSingleTimer("drawn", new CurvesDrawn(CurvesSvg.Draw(name, charts), null, $"not drawn within {DrawBound.TotalSeconds:F0} s"), DrawBound);
        Work("curves", () =>
        {
            try
            {
                return new CurvesDrawn(CurvesSvg.Draw(name, charts), draw?.Invoke(name, charts), null, confusion is { Length: > 0 } ? node.DrawConfusion?.Invoke(confusion) : null);
            }
            catch (Exception exception)
            {
                // A machine without what drawing needs, fonts or a native library, trains all the same.
                return new CurvesDrawn(CurvesSvg.Draw(name, charts), null, exception.Message);
            }
        });
    }

    private void Close(CurvesDrawn curves)
    {
        var summary = new RunSummary(
            job.Name, status.ToString().ToLowerInvariant(), job.Workers, job.Servers, job.Slots, Epochs, statistics.Steps, statistics.Samples,
            Math.Round(statistics.SamplesPerSecond, 1), statistics.Total, statistics.Compute, statistics.Input, statistics.Exchange,
            workers.Sum(worker => worker.BytesSent) + servers.Sum(server => server.BytesSent), layout?.ParameterCount ?? 0, weightsSha256,
            evaluation, stoppedAt is not null, ledger?.Restarts ?? 0, Elapsed, reason)
        { InputWaitMilliseconds = statistics.InputWait };
        ledger?.FlushToDisk();
        files.Write(summary);
        if (curves.Svg is { } svg)
            files.WriteCurves(svg, curves.Png);
        files.WritePicture(evaluation?.Version ?? 0, "curves", curves.Png);
        files.WritePicture(evaluation?.Version ?? 0, "confusion", curves.Confusion);
        clusterLog.Flush();
        submitter.Tell(new JobMessages.Ended(id, status, reason, files.Folder, summary with { Evaluation = summary.Evaluation?.Brief() }));
        Context.Stop(Self);
    }

    private sealed record CurvesDrawn(string? Svg, byte[]? Png, string? Failure, byte[]? Confusion = null);

    private sealed record CloseFiles
    {
        public static readonly CloseFiles Instance = new();
    }
}
