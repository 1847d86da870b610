using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// One shard at work: the pieces that links bring in, its rules, its optimizer and its thread. The thread sleeps until every
/// slot is in, then sums along the canonical tree, applies the optimizer and announces the next version. The weights are
/// double-buffered: version t stays readable until t+1 is complete on every shard.
/// </summary>
internal sealed unsafe class Shard : IDisposable
{
    private readonly Lock gate = new();
    private readonly AutoResetEvent wake = new(false);
    private readonly StepRules rules;
    private readonly Dictionary<SlotRange, nint> gradients = [];
    private readonly ShardOptimizer optimizer;
    private readonly Func<long, double> learningRate;
    private readonly NormExchange? norms;
    private readonly int slots;
    private readonly nint weights;
    private readonly nint otherWeights;
    private readonly Action<Shard, long> announce;
    private readonly Action<Exception> failed;
    private readonly Thread thread;
    private PrivateMemory? sum;
    private SlotRange[] plannedPieces = [];
    private TreeSum? plan;
    private volatile bool stopping;

    /// <param name="range">Which floats of the flat vector.</param>
    /// <param name="optimizer">The shard's own; it is disposed with it.</param>
    /// <param name="learningRate">The rate of the update of a version; asked once that version's gradients are in.</param>
    /// <param name="norms">What brings the norms of all shards together; null where the optimizer needs none.</param>
    /// <param name="even">Memory of the shard's weights of even versions; holds version <paramref name="version"/> if that is even.</param>
    /// <param name="odd">Likewise for odd versions.</param>
    /// <param name="announce">Called on the shard's thread when a version is committed.</param>
    /// <param name="failed">Called once, on the shard's thread, when it can't go on.</param>
    public Shard(
        ShardRange range, int slots, long version, long term, ShardOptimizer optimizer, Func<long, double> learningRate,
        NormExchange? norms, float* even, float* odd, Action<Shard, long> announce, Action<Exception> failed)
    {
        Range = range;
        this.slots = slots;
        rules = new StepRules(slots, version, term);
        this.optimizer = optimizer;
        this.learningRate = learningRate;
        this.norms = norms;
        weights = (nint)even;
        otherWeights = (nint)odd;
        this.announce = announce;
        this.failed = failed;
        thread = new Thread(Run) { Name = $"shard-{range.Shard}", IsBackground = true };
    }

    public ShardRange Range { get; }

    /// <summary>The newest committed version.</summary>
    public long Version
    {
        get
        {
            lock (gate)
                return rules.Version;
        }
    }

    /// <summary>The slots that the next update still waits for.</summary>
    public IReadOnlyList<int> Missing
    {
        get
        {
            lock (gate)
                return rules.Missing;
        }
    }

    public void Start() => thread.Start();

    /// <summary>Memory of the weights of a version; whole from its announcement until the version after the next is begun.</summary>
    public float* Weights(long version) => (float*)((version & 1) == 0 ? weights : otherWeights);

    /// <summary>Whether a piece would be taken; asked before its payload is received.</summary>
    public Verdict Judge(long term, long version, SlotRange piece)
    {
        lock (gate)
            return rules.Judge(term, version, piece);
    }

    /// <summary>Offers a piece whose gradient (this shard's range of it) lies at <paramref name="gradient"/> and stays there until
    /// the version is committed.</summary>
    public Verdict Offer(long term, long version, SlotRange piece, float* gradient)
    {
        lock (gate)
        {
            var verdict = rules.Offer(term, version, piece);
            if (verdict == Verdict.Accepted)
            {
                gradients[piece] = (nint)gradient;
                if (rules.Complete)
                    wake.Set();
            }

            return verdict;
        }
    }

    public void RaiseTerm(long term)
    {
        lock (gate)
            rules.RaiseTerm(term);
    }

    /// <summary>
    /// The optimizer's state at exactly <paramref name="version"/>, or null where the shard stands elsewhere. The caller makes
    /// sure that no update of that version can begin (a worker holds, see Protocol's Pause).
    /// </summary>
    public byte[]? OptimizerState(long version)
    {
        lock (gate)
        {
            if (rules.Version != version || rules.Complete)
                return null;
            using var stream = new MemoryStream();
            optimizer.SaveState(stream);
            return stream.ToArray();
        }
    }

    /// <summary>Ends the shard's thread; an update that it is in the middle of is finished.</summary>
    public void Stop()
    {
        stopping = true;
        norms?.Close();
        wake.Set();
        if (thread.IsAlive && Thread.CurrentThread != thread)
            thread.Join();
    }

    public void Dispose()
    {
        Stop();
        optimizer.Dispose();
        sum?.Dispose();
        wake.Dispose();
    }

    private void Run()
    {
        try
        {
            while (true)
            {
                wake.WaitOne();
                if (stopping)
                    return;
                Update();
            }
        }
        catch (OperationCanceledException) when (stopping)
        {
            // Stopped while it waited for the norms of other shards.
        }
        catch (Exception exception)
        {
            // The shard's thread is the top of its stack: whatever went wrong ends the job, with this as its cause.
            failed(exception);
        }
    }

    private void Update()
    {
        long version;
        TreeSum sums;
        Span<nint> inputs = stackalloc nint[slots];
        lock (gate)
        {
            version = rules.Version;
            sums = PlanFor(rules.Pieces);
            inputs = inputs[..rules.Pieces.Count];
            for (var i = 0; i < inputs.Length; i++)
                inputs[i] = gradients[rules.Pieces[i]];
        }

        // Nothing changes these pieces until Commit: what arrives meanwhile is a duplicate.
        var gradient = (float*)inputs[0];
        if (!sums.IsTrivial)
        {
            sum ??= new PrivateMemory(Range.Length * sizeof(float));
            gradient = (float*)sum.Pointer;
            sums.Run(inputs, gradient, Range.Length);
        }

        optimizer.Step(
            (nint)Weights(version), (nint)Weights(version + 1), (nint)gradient, learningRate(version), norms?.Of(Range.Shard, version));
        lock (gate)
        {
            rules.Commit();
            gradients.Clear();
        }

        announce(this, version + 1);
    }

    private TreeSum PlanFor(IReadOnlyList<SlotRange> pieces)
    {
        if (plan is null || !plannedPieces.AsSpan().SequenceEqual([.. pieces]))
        {
            plannedPieces = [.. pieces];
            plan = new TreeSum(slots, plannedPieces);
        }

        return plan;
    }
}
