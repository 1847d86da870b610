using System.Diagnostics;
using Distributed.Cluster.Chaos;
using Distributed.Cluster.Configuration;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;
using Distributed.Learning;
using Distributed.Transport;
using TorchSharp;

namespace Distributed.Cluster.Workers;

/// <summary>What a worker session tells its actor, from its own thread.</summary>
/// <param name="Prepared">Data and module are there: the numbers of training and of test samples.</param>
/// <param name="Ready">The servers are linked under a term.</param>
/// <param name="Halted">Nothing is done for terms below this one any more.</param>
/// <param name="Failed">What went wrong under a term (0: before any), and whether the session can take the next lease.</param>
internal sealed record WorkerSessionEvents(
    Action<DataNotes> DataRead, Action<int, int> Prepared, Action<long, string[]> Ready, Action<string> Phase, Action<ProgressMessages.StepReport> Step,
    Action<ProgressMessages.EvaluationReport> Evaluated, Action Waiting, Action<long> Halted, Action<long, long> Finished,
    Action<long, Exception, bool> Failed, Action<string> DataNoticed);

/// <summary>
/// A worker's thread and all that it holds for one job. Data and module stay for the whole job; the replica's memory and the links are those
/// of one lease. <see cref="Train"/> is a step, in the order in which it happens.
/// </summary>
internal sealed class WorkerSession : IDisposable
{
    /// <summary>After so many steps the heap holds what every step takes, and what none will take again.</summary>
    private const int StepsToSettle = 8;

    private readonly Job job;
    private readonly TrainingMessages.Train order;
    private readonly string node;
    private readonly string dataFolder;
    private readonly int[] cores;
    private readonly Deadlines deadlines;
    private readonly WorkerSessionEvents events;
    private readonly IChaos? chaos;
    private readonly Action<CancellationToken>? checkData;
    private readonly LinkTls? tls;
    private readonly WorkerTurns turns = new();
    private readonly CancellationTokenSource ended = new();
    private readonly OutputMeaning meaning;
    private readonly StepTimes times;
    private readonly Thread thread;
    private long bytesSent;

    public WorkerSession(
        Job job, TrainingMessages.Train order, string node, string dataFolder, int[] cores, Deadlines deadlines, WorkerSessionEvents events,
        IChaos? chaos = null, LinkTls? tls = null, Action<CancellationToken>? checkData = null)
    {
        this.checkData = checkData;
        this.job = job;
        meaning = OutputMeanings.Of(job.Loss);
        this.order = order;
        this.node = node;
        this.dataFolder = dataFolder;
        this.cores = cores;
        this.deadlines = deadlines;
        this.events = events;
        this.chaos = chaos;
        this.tls = tls;
        times = new StepTimes(deadlines.StepFloor, deadlines.StepFactor);
        thread = new Thread(Run) { Name = "worker", IsBackground = true };
    }

    /// <summary>The lease that is worked at, or the next one, with the place where the worker can be held between steps; null without one.</summary>
    public WorkerTurn? Turn => turns.Newest;

    public void Start() => thread.Start();

    /// <summary>Gives the slots to train and the servers to link with.</summary>
    public void Give(TrainingMessages.Lease lease) => turns.Give(lease);

    /// <summary>Ends whatever is done under lower terms.</summary>
    public void Halt(long term) => turns.Halt(term);

    /// <summary>Another worker is held, for so long at most.</summary>
    public void BePatient(TimeSpan within) => turns.Newest?.Gate.Extend(within);

    /// <summary>Tells the thread to end wherever it is; a slot that is being computed, or data being loaded, is finished first.</summary>
    public void Release()
    {
        ended.Cancel();
        turns.Release();
    }

    /// <summary>Waits for the thread's end after <see cref="Release"/>; false where it did not come in time.</summary>
    public bool Join(TimeSpan within) => !thread.IsAlive || Thread.CurrentThread == thread || thread.Join(within);

    public void Dispose()
    {
        Release();
        Join(Timeout.InfiniteTimeSpan);
        ended.Dispose();
    }

    private void Run()
    {
        try
        {
            ComputeThread.KeepTo(cores);
            torch.set_num_threads(job.Threads);
            checkData?.Invoke(ended.Token);
            events.Phase("loading data");
            var (training, test) = job.Data.Open(dataFolder, job.Seed, DataCache.OfUser(events.DataNoticed, ended.Token));
            using (training)
            using (test)
            {
                events.DataRead(training.Notes);
                events.Phase("building");
                using var module = job.Model.Build(job.Seed);
                var layout = ParameterLayout.Of(module, job.Precision);
                var loss = job.Loss.Create(training);
                events.Prepared(training.Count, test.Count);
                events.Phase("waiting for slots");
                while (turns.Next(events.Halted) is { } turn)
                {
                    Work(turn, module, layout, training, test, loss);
                    events.Phase("waiting for slots");
                }
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // Released while it waited for data that others decode.
        }
        catch (Exception exception)
        {
            // The top of the worker's thread: the job's coordinator decides what a failure means.
            events.Failed(0, exception, false);
        }
    }

    /// <summary>Works under one lease until it ends or something goes wrong; afterwards the links and their memory are gone.</summary>
    private void Work(
        WorkerTurn turn, torch.nn.Module<torch.Tensor, torch.Tensor> module, ParameterLayout layout, IDataSet training, IDataSet test, ILossFunction loss)
    {
        var lease = turn.Lease;
        try
        {
            if (!lease.Servers.LayoutHash.AsSpan().SequenceEqual(layout.Hash))
                throw new InvalidOperationException("the parameters built here are laid out otherwise than the coordinator's: the nodes run different versions of the program");
            events.Phase("linking");
            using var links = new ServerLinks(job, lease, order.Secret, node, layout, training.Count, turn.Gate, deadlines.Handshake, tls);
            try
            {
                using var replica = new ModelReplica(module, layout, links.Weights, links.Gradients, keepsModule: true);
                using var input = new SlotInput(training, new SlotSampler(training.Count, job.Batch, job.Slots, job.Seed), lease.Slots);
                events.Ready(lease.Term, links.Describe());
                var check = new FiniteCheck(job, lease.Slots, lease.FirstStep, replica, training, input.Sampler, loss);
                if (Train(turn, replica, input, loss, test, links, check))
                    events.Finished(lease.Term, bytesSent + links.BytesSent);
                // The links stay until the lease is over: servers may still be read from, and a link's end means a loss.
                turns.AwaitEnd(turn);
            }
            finally
            {
                bytesSent += links.BytesSent;
            }
        }
        catch (Exception exception)
        {
            // What comes of a lease's end means nothing: the servers close the links, and weights move on under the reader.
            if (!turn.Stopped)
                events.Failed(lease.Term, exception, exception is LinkException or TimeoutException);
        }
    }

    /// <summary>The training loop. False: released before its end.</summary>
    private bool Train(
        WorkerTurn turn, ModelReplica replica, SlotInput input, ILossFunction loss, IDataSet test, ServerLinks links, FiniteCheck check)
    {
        var (lease, weights) = (turn.Lease, turn.Gate);
        var pieces = SlotTree.Pieces(job.Slots, lease.Slots.Contains);
        var stepsPerEpoch = input.StepsPerEpoch;
        var steps = job.Length.TotalSteps(stepsPerEpoch);
        var results = new List<ProgressMessages.SlotReport>();
        var uncommitted = new Queue<(ProgressMessages.StepReport Report, long Began)>();
        var sentBefore = links.Sending;
        var exchange = new StepExchange(
            lease.Term, links, weights, replica,
            // Another worker may still be getting ready for its first step.
            version => version <= lease.FirstStep + 1 ? deadlines.Prepare : times.Deadline,
            events.Phase,
            ReportCommitted,
            chaos);

        exchange.WaitForAll(lease.FirstStep);
        // A checkpoint is older than the evaluation of its version, and a lost worker may have left one undone.
        if (lease.FirstStep > 0 && lease.Evaluate && EvaluateIfDue(lease.FirstStep) is var first and not BoundaryDecision.GoOn)
            return first == BoundaryDecision.Stop;
        input.Prepare(lease.FirstStep);
        for (var step = lease.FirstStep; step < steps; step++)
        {
            var version = step;
            if (!turn.Boundary.Pass(version, () => exchange.WaitForAll(version)))
                return false;
            events.Phase("computing");
            var started = Stopwatch.GetTimestamp();
            var inputTime = input.TimeOf(step);
            replica.UseWeights((int)(step & 1));
            exchange.Begin(step);
            results.Clear();
            for (var i = 0; i < pieces.Count; i++)
            {
                if (turn.Stopped)
                    return false;
                ComputePiece(replica, input, loss, links, exchange, check, step, pieces[i], i, results);
                chaos?.At(ChaosPhase.AfterSending, step);
            }

            var computed = Stopwatch.GetTimestamp();
            var waited = exchange.Waited;
            // Weights that were still on their way when it started belong to the step before.
            var began = Math.Max(started, exchange.WholeAt);
            events.Phase("reading input");
            input.Prepare(step + 1);
            events.Phase("exchanging");
            var inputWait = weights.IsOpen(step + 1) ? Stopwatch.GetElapsedTime(computed) : TimeSpan.Zero;
            // Otherwise the next step begins with the layers that are there.
            if (!links.Streamed || step + 1 == steps || job.Evaluation.IsDue(step + 1, stepsPerEpoch, steps))
                exchange.WaitForAll(step + 1);
            var done = Stopwatch.GetTimestamp();
            chaos?.At(ChaosPhase.AfterStep, step);

            var sent = links.Sending - sentBefore;
            sentBefore += sent;
            times.Add(Stopwatch.GetElapsedTime(started, done));
            if (step == lease.FirstStep + StepsToSettle)
                NativeHeap.Trim();
            var report = new ProgressMessages.StepReport(
                step, [.. results], TotalMilliseconds: 0, (Stopwatch.GetElapsedTime(started, computed) - waited).TotalMilliseconds,
                inputTime.TotalMilliseconds, (Stopwatch.GetElapsedTime(computed, done) + waited).TotalMilliseconds)
            { InputWaitMilliseconds = inputWait.TotalMilliseconds, SendMilliseconds = sent.TotalMilliseconds };
            uncommitted.Enqueue((report, began));
            if (exchange.Newest > step)
                ReportCommitted(exchange.WholeAt);
            if (EvaluateIfDue(step + 1) is var decision and not BoundaryDecision.GoOn)
                return decision == BoundaryDecision.Stop;
        }

        return true;

        // A step counts once its update is committed on every shard, and lasts until then. That moment is all workers' alike: spans from start to
        // start, of which each worker has its own where forward begins with the first layers, would be too long wherever the longest one counts.
        void ReportCommitted(long wholeAt)
        {
            while (uncommitted.TryDequeue(out var step))
                events.Step(step.Report with { TotalMilliseconds = Stopwatch.GetElapsedTime(step.Began, wholeAt).TotalMilliseconds });
        }

        BoundaryDecision EvaluateIfDue(long version)
        {
            if (!job.Evaluation.IsDue(version, stepsPerEpoch, steps))
                return BoundaryDecision.GoOn;
            var started = Stopwatch.GetTimestamp();
            if (!Evaluate(turn, replica, test, loss, check, version))
                return BoundaryDecision.Released;
            if (version == steps)
                return BoundaryDecision.GoOn;
            // The evaluation has to be whole before anyone goes on: a version later its weights may be gone, and with them a lost worker's part.
            events.Phase("deciding");
            events.Waiting();
            return turn.Boundary.AwaitDecision(version, deadlines.Saving(links.Floats) + (10 * Stopwatch.GetElapsedTime(started)));
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

    /// <summary>Evaluates this worker's blocks of the test set: block b belongs to the owner of slot b mod slots. False: the lease is over.</summary>
    private bool Evaluate(WorkerTurn turn, ModelReplica replica, IDataSet test, ILossFunction loss, FiniteCheck check, long version)
    {
        events.Phase("evaluating");
        replica.UseWeights((int)(version & 1));
        for (var block = 0; block < Evaluator.BlockCount(test.Count); block++)
        {
            if (!turn.Lease.Slots.Contains(block % job.Slots))
                continue;
            if (turn.Stopped)
                return false;
            var result = Evaluator.EvaluateBlock(replica.Forward, test, loss, meaning, block);
            if (!double.IsFinite(result.LossSum))
                check.CheckWeights(version, 0);
            events.Evaluated(new ProgressMessages.EvaluationReport(version, result));
        }

        return true;
    }
}
