using System.Globalization;
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
    private readonly List<string> knownStragglers = [];
    private readonly Dictionary<long, double> epochLosses = [];
    private long lastStepAt = Environment.TickCount64;
    private StepTimes? stepTimes;

    private bool CountsCorrect => job.Loss.IsClassification;

    private long Steps => sampler is null ? 0 : (long)sampler.StepsPerEpoch * job.Epochs;

    private void Always()
    {
        Receive<TrainingMessages.MemberFailed>(Fail);
        Receive<WorkFailed>(failed => Fail(MemberFailure.Describe(id, node.Name, failed.Cause)));
        Receive<NodeGone>(gone =>
        {
            if (workers.Any(worker => worker.Node.Name == gone.Node) || servers.Any(server => server.Node.Name == gone.Node))
                Fail(new TrainingMessages.MemberFailed(
                    id, gone.Node, TrainingMessages.CauseRank.NodeLost, $"{gone.Node} is gone: {gone.How}", null, BadInput: false));
        });
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
        foreach (var part in report.Steps)
            foreach (var step in board.Add(part))
                Complete(step);
        foreach (var block in report.Evaluations)
            if (evaluations!.Add(block) is { } figures)
                Complete(figures);
    }

    private void Complete(StepRecord step)
    {
        var epoch = (int)sampler!.EpochOf(step.Step) + 1;
        files.Write(step, epoch, learningRates!.At(step.Step));
        statistics.Add(step);
        lastStep = step;
        lastStepAt = Environment.TickCount64;
        (stepTimes ??= new StepTimes(node.Settings.Deadlines.StepFloor, node.Settings.Deadlines.StepFactor)).Add(TimeSpan.FromMilliseconds(step.TotalMilliseconds));
        epochSteps.Add(step);
        if ((step.Step + 1) % sampler.StepsPerEpoch != 0)
            return;
        var samples = epochSteps.Sum(record => record.Samples);
        var loss = epochSteps.Sum(record => record.Loss * record.Samples) / samples;
        var rate = samples / Math.Max(1e-9, epochSteps.Sum(record => record.TotalMilliseconds) / 1000);
        node.Log.EpochEnded(epoch, step.Step + 1, loss, Math.Round(rate, 1));
        epochSteps.Clear();
        epochLosses[epoch] = loss;
    }

    private void Complete(EvaluationFigures figures)
    {
        evaluation = figures;
        lastStepAt = Environment.TickCount64;
        var epoch = (int)(figures.Version / sampler!.StepsPerEpoch);
        files.Write(figures, epoch);
        files.Flush();
        node.Log.Evaluated(figures.Version, figures.Loss, figures.Accuracy ?? double.NaN, figures.Samples);
        var trained = epochLosses.Remove(epoch, out var loss) ? string.Create(CultureInfo.InvariantCulture, $"  loss {loss:F4}") : "";
        var accuracy = figures.Accuracy is { } share ? string.Create(CultureInfo.InvariantCulture, $"  accuracy {100 * share:F2} %") : "";
        Notice(string.Create(
            CultureInfo.InvariantCulture,
            $"epoch {epoch}/{job.Epochs}{trained}  test loss {figures.Loss:F4}{accuracy}  {statistics.SamplesPerSecond:N0} samples/s"));
    }

    /// <summary>No step for longer than steps take: says who lags, and ends the job at twice that time.</summary>
    private void WatchForStall()
    {
        var allowed = stepTimes?.Deadline ?? node.Settings.Deadlines.StepFloor;
        var silent = TimeSpan.FromMilliseconds(Environment.TickCount64 - Math.Max(lastStepAt, phaseSince));
        if (silent < allowed || workers.Any(worker => worker.Phase == "evaluating"))
        {
            if (silent < allowed)
                knownStragglers.Clear();
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

    private RunSaver Saver()
    {
        // A large model on a slow disk takes its time; 10 MB/s is the least that is waited for.
        var within = node.Settings.Deadlines.Prepare + TimeSpan.FromSeconds(layout!.Length * 3 * sizeof(float) / 10e6);
        return new RunSaver(id, secret, node.Name, connect!, layout, node.Settings.Deadlines.Handshake, within);
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
        var epoch = sampler is null ? 0 : (int)Math.Min(job.Epochs, sampler.EpochOf(done) + 1);
        submitter.Tell(new JobMessages.Progress(id, new RunProgress(
            job.Name, phase, epoch, job.Epochs, done, Steps, lastStep?.Loss ?? double.NaN, evaluation?.Loss, evaluation?.Accuracy,
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
        Become(() =>
        {
            Receive<CloseFiles>(_ => Close());
            ReceiveAny(_ => { });
        });
    }

    private void Close()
    {
        var summary = new RunSummary(
            job.Name, status.ToString().ToLowerInvariant(), job.Workers, job.Servers, job.Slots, job.Epochs, statistics.Steps, statistics.Samples,
            Math.Round(statistics.SamplesPerSecond, 1), statistics.Total, statistics.Compute, statistics.Input, statistics.Exchange,
            workers.Sum(worker => worker.BytesSent) + servers.Sum(server => server.BytesSent), layout?.ParameterCount ?? 0, weightsSha256,
            evaluation, 0, Elapsed, reason);
        files.Write(summary);
        clusterLog.Flush();
        submitter.Tell(new JobMessages.Ended(id, status, reason, files.Folder, summary));
        Context.Stop(Self);
    }

    private sealed record CloseFiles
    {
        public static readonly CloseFiles Instance = new();
    }
}
