using System.Globalization;
using Akka.Actor;
using Distributed.Cluster.Chaos;
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
    private readonly Stragglers stragglers;

    /// <summary>What threads of this actor are busy with.</summary>
    private readonly List<string> inHand = [];
    private long lastProgressAt = Environment.TickCount64;
    private StepTimes? stepTimes;

    private long Steps => sampler is null ? 0 : job.Length.TotalSteps(sampler.StepsPerEpoch);

    private int Epochs => sampler is null ? job.Length.Epochs ?? 0 : job.Length.TotalEpochs(sampler.StepsPerEpoch);

    private IEnumerable<string> NotReady() =>
        servers.Where(server => server.Endpoint is null).Select(server => server.Node.Name)
            .Concat(workers.Where(NotReady).Select(worker => $"{worker.Node.Name} ({worker.Phase})"));

    private static bool NotReady(WorkerState worker) => !(worker.Leased ? worker.Ready : worker.Prepared);

    private void Take(ProgressMessages.WorkerReport report)
    {
        if (Heard(report.Node, "worker") is not { } worker)
            return;
        worker.Update(report);
        if (board is null || sampler is null)
            return;
        if (report.Evaluations.Length > 0)
            lastProgressAt = Environment.TickCount64;
        foreach (var part in report.Steps)
            Add(part);
        var known = -1L;
        foreach (var block in report.Evaluations)
        {
            if (block.Version <= evaluations!.Newest)
                known = Math.Max(known, block.Version);
            if (evaluations.Add(block) is { } figures)
                evaluated.Enqueue(figures);
        }

        // Slots that were leased anew may be a step behind what is known already: whoever evaluates that again waits for what was decided.
        if (known >= 0 && !savesBest && ratesAwaited.Count == 0)
            worker.Node.Actor.Tell(new TrainingMessages.Decided(id, known, stoppedAt == known));
        // The last block of a test may come before another worker's report of the step that it tests.
        CompleteEvaluations();
        WriteCheckpoint();
    }

    private void Add(ProgressMessages.StepReport part)
    {
        foreach (var step in board!.Add(part))
            Complete(step);
    }

    private void Complete(StepRecord step)
    {
        node.Chaos?.At(ChaosPhase.BeforeRecording, step.Step);
        var epoch = (int)sampler!.EpochOf(step.Step) + 1;
        files.Write(step, epoch, learningRates!.At(step.Step, plateau?.Rate));
        ledger!.Add(step.Step, step.SlotSamples);
        run.Add(step, epoch);
        lastProgressAt = Environment.TickCount64;
        failuresInARow = 0;
        (stepTimes ??= new StepTimes(node.Settings.Deadlines.StepFloor, node.Settings.Deadlines.StepFactor)).Add(TimeSpan.FromMilliseconds(step.TotalMilliseconds));
        if ((step.Step + 1) % sampler.StepsPerEpoch != 0)
            return;
        node.Log.EpochEnded(epoch, step.Step + 1, run.Epoch.Loss, Math.Round(run.Epoch.SamplesPerSecond, 1));
    }

    /// <summary>
    /// No step and no block of an evaluation for longer than steps take: says who lags, and goes on without it at twice that time, or ends the
    /// job where there is nobody else.
    /// </summary>
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

        if (Latest() is not var (name, what, worker))
            return;
        var late = $"no step for {silent.TotalSeconds:F0} s: {what}";
        var alone = worker is not null && workers.Count == 1;
        if (!knownStragglers.Contains(name))
        {
            knownStragglers.Add(name);
            node.Log.Stalled(name, what);
            Notice($"{late}; {(alone ? "the job ends" : "the job goes on without it")} in {(2 * allowed - silent).TotalSeconds:F0} s");
        }

        if (silent <= 2 * allowed)
            return;
        if (alone)
            Fail(new TrainingMessages.MemberFailed(id, name, TrainingMessages.CauseRank.TimedOut, late, null, BadInput: false));
        else if (worker is not null)
            Exclude(worker, late);
        else
            ExcludeByName(name, late);
    }

    /// <summary>The servers with the lowest version: those with a higher one have had all that they waited for.</summary>
    private ServerState[] LeastFar => servers.Where(server => !server.Released).GroupBy(server => server.Version).MinBy(known => known.Key)?.ToArray() ?? [];

    /// <summary>The slots whose gradients these wait for.</summary>
    private HashSet<int> AwaitedSlots => [.. LeastFar.SelectMany(server => server.MissingSlots)];

    /// <summary>Who is waited for, and doing what since when. The worker is null where it is a server.</summary>
    private (string Node, string What, WorkerState? Worker)? Latest()
    {
        // Whoever still computes the oldest step is waited for; the others wait in the exchange, and of these for whoever's gradient is missing at
        // the servers that have come least far. Where none is missing there, it is the servers who are waited for.
        var missing = AwaitedSlots;
        var late = Leased.Where(worker => !worker.Finished).OrderBy(worker => worker.Step).ThenBy(worker => worker.Phase == "exchanging")
            .ThenBy(worker => !missing.Overlaps(worker.Slots)).FirstOrDefault();
        if (late is null)
            return null;
        var seconds = (Environment.TickCount64 - late.Since) / 1000.0;
        if (late.Phase == "exchanging" && missing.Count == 0 && LeastFar is [var server, ..])
            return (server.Node.Name, string.Create(
                CultureInfo.InvariantCulture, $"{server.Node.Name} has all gradients of step {late.Step} and has not updated its shards for {seconds:F1} s"), null);
        var phase = late.Phase == "exchanging" && missing.Overlaps(late.Slots) ? "sending" : late.Phase;
        return (late.Node.Name, string.Create(
            CultureInfo.InvariantCulture, $"{late.Node.Name} (slots {late.SlotsText}) has been {phase} step {late.Step} for {seconds:F1} s"), late);
    }

    /// <summary>Says, once, who takes far longer for a slot than the others do, and with what.</summary>
    private void WatchForStragglers()
    {
        foreach (var lag in stragglers.Find([.. Leased.Where(worker => worker.Parts is not null).Select(worker => (worker.Node.Name, worker.Parts!.Value))]))
        {
            node.Log.Straggler(lag.Node, lag.Phase, Math.Round(lag.Milliseconds, 1), Math.Round(lag.Others, 1));
            Notice(string.Create(
                CultureInfo.InvariantCulture, $"{lag.Node} lags: {lag.Phase} takes it {lag.Milliseconds:F1} ms a slot, and {lag.Others:F1} ms the others"));
        }
    }

    private RunStore Store()
    {
        var deadlines = node.Settings.Deadlines;
        return new RunStore(id, secret, node.Name, connect!, layout!, spare, deadlines.Handshake, deadlines.Saving(layout!.Length), node.LinkTls)
        {
            Seen = (version, weights) => files.WriteHistograms(version, layout, weights),
            BeforeManifest = version => node.Chaos?.At(ChaosPhase.BeforeManifest, version),
        };
    }

    /// <summary>Runs work on a thread of its own and tells this actor the result, then <see cref="WorkOver"/>.</summary>
    private void Work(string name, Func<object> work)
    {
        var self = Self;
        inHand.Add(name);
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
                result = new WorkFailed(name, exception);
            }

            self.Tell(result);
            self.Tell(new WorkOver(name));
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
        var done = run.LastStep is null ? 0 : run.NextStep;
        var version = board?.Next ?? 0;
        var epoch = sampler is null ? 0 : (int)Math.Min(Epochs, sampler.EpochOf(done) + 1);
        submitter.Tell(new JobMessages.Progress(id, new RunProgress(
            job.Name, phase, epoch, Epochs, done, Steps, run.LastStep?.Loss ?? double.NaN, evaluation?.Loss, evaluation?.Accuracy,
            run.Statistics.SamplesPerSecond, Elapsed, [.. workers.Select(worker => worker.Progress)],
            [.. servers.Select(server => new ServerProgress(server.Node.Name, server.Shards.Count, version, server.Bytes))],
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
        if (run.Statistics.Steps == 0)
        {
            Self.Tell(new CurvesDrawn(null, null, null));
            return;
        }

        var (name, draw, charts, confusion) = (job.Name, node.DrawCurves, RunCurves.Of(run.History), evaluation?.Classification?.Confusion);
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
            job.Name, status.ToString().ToLowerInvariant(), job.Workers, job.Servers, job.Slots, Epochs, run.Statistics.Steps, run.Statistics.Samples,
            Math.Round(run.Statistics.SamplesPerSecond, 1), run.Statistics.Total, run.Statistics.Compute, run.Statistics.Input, run.Statistics.Exchange,
            bytesOfLost + workers.Sum(worker => worker.BytesSent) + servers.Sum(server => server.BytesSent), layout?.ParameterCount ?? 0, weightsSha256,
            evaluation, stoppedAt is not null, (earlierRestarts ?? 0) + restarts, Elapsed, reason)
        { InputWaitMilliseconds = run.Statistics.InputWait };
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
