using System.Diagnostics;
using Distributed.Cluster.Configuration;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;
using Distributed.Learning;
using TorchSharp;

namespace Distributed.Cluster.Workers;

/// <summary>What a worker session tells its actor, from its own thread.</summary>
internal sealed record WorkerSessionEvents(
    Action<DataNotes> DataRead, Action<string[], int, int> Ready, Action<string> Phase, Action<ProgressMessages.StepReport> Step,
    Action<ProgressMessages.EvaluationReport> Evaluated, Action Waiting, Action<long> Finished, Action<Exception> Failed, Action<string> DataNoticed);

/// <summary>
/// A worker's thread and all that it holds for one job: the data, the replica, the links. <see cref="Train"/> is a step, in the
/// order in which it happens.
/// </summary>
internal sealed class WorkerSession : IDisposable
{
    private readonly Job job;
    private readonly TrainingMessages.Train order;
    private readonly string node;
    private readonly string dataFolder;
    private readonly int[] cores;
    private readonly Deadlines deadlines;
    private readonly WorkerSessionEvents events;
    private readonly TaskCompletionSource<TrainingMessages.Connect> servers = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource ended = new();
    private readonly OutputMeaning meaning;
    private readonly Thread thread;
    private volatile VersionGate? gate;

    public WorkerSession(
        Job job, TrainingMessages.Train order, string node, string dataFolder, int[] cores, Deadlines deadlines, WorkerSessionEvents events)
    {
        this.job = job;
        meaning = OutputMeanings.Of(job.Loss);
        this.order = order;
        this.node = node;
        this.dataFolder = dataFolder;
        this.cores = cores;
        this.deadlines = deadlines;
        this.events = events;
        thread = new Thread(Run) { Name = "worker", IsBackground = true };
    }

    /// <summary>Where the worker can be held between steps.</summary>
    public StepBoundary Boundary { get; } = new();

    public void Start() => thread.Start();

    /// <summary>Gives the addresses of the servers, once they are ready.</summary>
    public void Connect(TrainingMessages.Connect connect) => servers.TrySetResult(connect);

    /// <summary>Another worker is held, for so long at most.</summary>
    public void BePatient(TimeSpan within) => gate?.Extend(within);

    /// <summary>Ends the thread wherever it is and waits for it; a slot that is being computed is finished first.</summary>
    public void Dispose()
    {
        ended.Cancel();
        Boundary.Release();
        if (thread.IsAlive && Thread.CurrentThread != thread)
            thread.Join();
        ended.Dispose();
    }

    private void Run()
    {
        try
        {
            ComputeThread.KeepTo(cores);
            torch.set_num_threads(job.Threads);
            events.Phase("loading data");
            var (training, test) = job.Data.Open(dataFolder, job.Seed, DataCache.OfUser(events.DataNoticed, ended.Token));
            using (training)
            using (test)
            {
                events.DataRead(training.Notes);
                events.Phase("building");
                using var module = job.Model.Build(job.Seed);
                var layout = ParameterLayout.Of(module, job.Precision);
                events.Phase("waiting for servers");
                if (!servers.Task.Wait((int)deadlines.Prepare.TotalMilliseconds, ended.Token))
                    throw new TimeoutException($"no servers were named within {deadlines.Prepare.TotalSeconds:F0} s");
                var connect = servers.Task.Result;
                if (!connect.LayoutHash.AsSpan().SequenceEqual(layout.Hash))
                    throw new InvalidOperationException("the parameters built here are laid out otherwise than the coordinator's: the nodes run different versions of the program");

                events.Phase("linking");
                var weights = new VersionGate(connect.Shards.Length);
                gate = weights;
                using var release = ended.Token.Register(() => weights.Fail(new OperationCanceledException("the job was released")));
                using var links = new ServerLinks(job, order, connect, node, layout, training.Count, weights, deadlines.Handshake);
                using var replica = new ModelReplica(module, layout, links.Weights, links.Gradients);
                using var input = new SlotInput(training, new SlotSampler(training.Count, job.Batch, job.Slots, job.Seed), order.Slots);
                events.Ready(links.Describe(), training.Count, test.Count);
                var loss = job.Loss.Create(training);
                var check = new FiniteCheck(job, order.Slots, order.FirstStep, replica, training, input.Sampler, loss);
                if (Train(replica, input, loss, test, links, weights, check))
                    events.Finished(links.BytesSent);
                // The links stay until the job is released: servers may still be read from, and a link's end means a loss.
                ended.Token.WaitHandle.WaitOne();
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // Released: the job has ended or been given to others; nothing to report.
        }
        catch (Exception exception)
        {
            // The top of the worker's thread: the job's coordinator decides what a failure means.
            events.Failed(exception);
        }
    }

    /// <summary>The training loop. False: released before its end.</summary>
    private bool Train(
        ModelReplica replica, SlotInput input, ILossFunction loss, IDataSet test, ServerLinks links, VersionGate weights, FiniteCheck check)
    {
        var pieces = SlotTree.Pieces(job.Slots, order.Slots.Contains);
        var times = new StepTimes(deadlines.StepFloor, deadlines.StepFactor);
        var stepsPerEpoch = input.StepsPerEpoch;
        var steps = job.Length.TotalSteps(stepsPerEpoch);
        var results = new List<ProgressMessages.SlotReport>();
        var uncommitted = new Queue<ProgressMessages.StepReport>();
        var exchange = new StepExchange(
            order.Term, links, weights, replica,
            // Another worker may still be getting ready for its first step.
            version => version <= order.FirstStep + 1 ? deadlines.Prepare : times.Deadline,
            events.Phase,
            ReportCommitted);

        exchange.WaitForAll(order.FirstStep);
        // A checkpoint is older than the evaluation of its version.
        if (order.FirstStep > 0 && EvaluateIfDue(order.FirstStep) is var first and not BoundaryDecision.GoOn)
            return first == BoundaryDecision.Stop;
        input.Prepare(order.FirstStep);
        for (var step = order.FirstStep; step < steps; step++)
        {
            var version = step;
            if (!Boundary.Pass(version, () => exchange.WaitForAll(version)))
                return false;
            events.Phase("computing");
            var started = Stopwatch.GetTimestamp();
            var inputTime = input.TimeOf(step);
            replica.UseWeights((int)(step & 1));
            exchange.Begin(step);
            results.Clear();
            for (var i = 0; i < pieces.Count; i++)
                ComputePiece(replica, input, loss, links, exchange, check, step, pieces[i], i, results);

            var computed = Stopwatch.GetTimestamp();
            var waited = exchange.Waited;
            events.Phase("exchanging");
            input.Prepare(step + 1);
            var inputWait = weights.IsOpen(step + 1) ? Stopwatch.GetElapsedTime(computed) : TimeSpan.Zero;
            // Otherwise the next step begins with the layers that are there.
            if (!links.Streamed || step + 1 == steps || job.Evaluation.IsDue(step + 1, stepsPerEpoch, steps))
                exchange.WaitForAll(step + 1);
            var done = Stopwatch.GetTimestamp();

            var total = Stopwatch.GetElapsedTime(started, done);
            times.Add(total);
            uncommitted.Enqueue(new ProgressMessages.StepReport(
                step, [.. results], total.TotalMilliseconds, (Stopwatch.GetElapsedTime(started, computed) - waited).TotalMilliseconds,
                inputTime.TotalMilliseconds, (Stopwatch.GetElapsedTime(computed, done) + waited).TotalMilliseconds)
            { InputWaitMilliseconds = inputWait.TotalMilliseconds });
            if (exchange.Newest > step)
                ReportCommitted();
            if (EvaluateIfDue(step + 1) is var decision and not BoundaryDecision.GoOn)
                return decision == BoundaryDecision.Stop;
        }

        return true;

        // A step counts once its update is committed on every shard.
        void ReportCommitted()
        {
            while (uncommitted.TryDequeue(out var report))
                events.Step(report);
        }

        BoundaryDecision EvaluateIfDue(long version)
        {
            if (!job.Evaluation.IsDue(version, stepsPerEpoch, steps))
                return BoundaryDecision.GoOn;
            var started = Stopwatch.GetTimestamp();
            Evaluate(replica, test, loss, check, version);
            if (!job.DecidesAtEvaluations || version == steps)
                return BoundaryDecision.GoOn;
            events.Phase("deciding");
            events.Waiting();
            return Boundary.AwaitDecision(version, deadlines.Saving(links.Floats) + (10 * Stopwatch.GetElapsedTime(started)));
        }
    }

    /// <summary>Leaves the sum of the piece's slots in gradient buffer <paramref name="buffer"/>, and sends it.</summary>
    private void ComputePiece(
        ModelReplica replica, SlotInput input, ILossFunction loss, ServerLinks links, StepExchange exchange, FiniteCheck check, long step,
        SlotRange piece, int buffer, List<ProgressMessages.SlotReport> results)
    {
        replica.UseGradients(buffer);
        SlotGradients.Compute(
            piece,
            links.ScratchBuffers,
            zero: () => replica.ZeroGradients(buffer),
            addSlot: (slot, asides) =>
            {
                var batch = input.Batch(step, slot);
                var result = replica.ComputeSlot(
                    batch, loss, input.Weight(step, slot), input.Sampler.SlotSeed(step, slot), meaning,
                    exchange.SignalsOf(piece, buffer, slot, [.. asides]));
                if (batch.Samples > 0)
                    check.Check(step, slot, result, buffer);
                results.Add(new ProgressMessages.SlotReport(slot, result.Samples, result.LossSum, result.Predictions, result.Correct));
            },
            setAside: scratch => replica.CopyGradients(buffer, scratch));
    }

    /// <summary>Evaluates this worker's blocks of the test set: block b belongs to the owner of slot b mod slots.</summary>
    private void Evaluate(ModelReplica replica, IDataSet test, ILossFunction loss, FiniteCheck check, long version)
    {
        events.Phase("evaluating");
        replica.UseWeights((int)(version & 1));
        for (var block = 0; block < Evaluator.BlockCount(test.Count); block++)
        {
            if (!order.Slots.Contains(block % job.Slots))
                continue;
            var result = Evaluator.EvaluateBlock(replica.Forward, test, loss, meaning, block);
            if (!double.IsFinite(result.LossSum))
                check.CheckWeights(version, 0);
            events.Evaluated(new ProgressMessages.EvaluationReport(version, result));
        }
    }
}
