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
    private const int RoomForHeader = 4096;

    private readonly Lock gate = new();
    private readonly Lock updating = new();
    private readonly AutoResetEvent wake = new(false);
    private readonly StepRules rules;
    private readonly Dictionary<SlotRange, nint> gradients = [];
    private readonly ShardOptimizer optimizer;
    private readonly ShardStatistics statistics;
    private readonly Func<long, double> learningRate;
    private readonly NormExchange? norms;
    private readonly Action<Shard, long> announce;
    private readonly Action<Exception> failed;
    private readonly Action<nint>? used;
    private readonly VersionWord? whole;
    private readonly Thread thread;
    private readonly Following following;
    private readonly SumPlan plan;
    private readonly SpareMemory spare = new();
    private volatile bool stopping;
    private bool disposed;

    /// <param name="range">Which floats of the flat vector.</param>
    /// <param name="firstByte">Where they start in the flat vectors of workers, in bytes.</param>
    /// <param name="optimizer">The update of its parameters; it is disposed with the shard.</param>
    /// <param name="statistics">The update of the floats at its end that are no parameters.</param>
    /// <param name="learningRate">The rate of the update of a version; asked once that version's gradients are in.</param>
    /// <param name="norms">What brings the norms of all shards together; null where the optimizer needs none.</param>
    /// <param name="weights">The weights, which are those of <paramref name="version"/>; disposed with the shard.</param>
    /// <param name="announce">Called on the shard's thread when a version is committed.</param>
    /// <param name="failed">Called once, on the shard's thread, when it can't go on.</param>
    /// <param name="used">Hears the addresses of gradients from which nothing reads any more, since their version is committed.</param>
    /// <param name="whole">Where a second home on this host looks for versions that are whole; null where there is none.</param>
    public Shard(
        ShardRange range, long firstByte, int slots, long version, long term, ShardOptimizer optimizer, ShardStatistics statistics,
        Func<long, double> learningRate, NormExchange? norms, ShardWeights weights, Action<Shard, long> announce, Action<Exception> failed,
        Action<nint>? used = null, VersionWord? whole = null)
    {
        this.used = used;
        this.whole = whole;
        Range = range;
        FirstByte = firstByte;
        Weights = weights;
        rules = new StepRules(slots, version, term);
        plan = new SumPlan(slots, weights.Format);
        following = new Following(weights, optimizer);
        this.optimizer = optimizer;
        this.statistics = statistics;
        this.learningRate = learningRate;
        this.norms = norms;
        this.announce = announce;
        this.failed = failed;
        thread = new Thread(Run) { Name = $"shard-{range.Shard}", IsBackground = true };
    }

    public ShardRange Range { get; }

    /// <summary>Where the shard starts in the flat vectors of workers, in bytes.</summary>
    public long FirstByte { get; }

    /// <summary>Its weights.</summary>
    public ShardWeights Weights { get; }

    /// <summary>The newest committed version.</summary>
    public long Version
    {
        get
        {
            lock (gate)
                return rules.Version;
        }
    }

    /// <summary>Whether it takes over the updates of another home.</summary>
    public bool Follows => following.IsOn;

    /// <summary>Whether it has all slots and waits for the other home's update.</summary>
    public bool AwaitsFirstHome => following.Waits;

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

    /// <summary>
    /// From the next update on this shard takes over what its first home has made, bit for bit what it would make itself, as soon as all slots are
    /// in here, too.
    /// </summary>
    /// <param name="home">The first home; its memory stays until <see cref="Leave"/> has returned or this is disposed of.</param>
    public void Follow(FirstHome home) => following.Begin(home);

    /// <summary>
    /// Goes on without the first home: with a copy of what was whole there, or where an update is due that did not become whole, by making it.
    /// </summary>
    /// <remarks>
    /// The first home may still be alive, and write. Never over this home's version: it needs all gradients of that one for it, and all of the next
    /// one to come to this version's memory again, which workers make once this home has announced that, too. It may write over the version before,
    /// if every worker has sent it gradients of this one; then every home of every shard is at this version, and drops what is made of the one before.
    /// </remarks>
    public void Leave()
    {
        if (!following.Leave())
            return;
        lock (updating)
            following.End();
    }

    /// <summary>Whether a piece would be taken; asked before its payload is received.</summary>
    public Verdict Judge(long term, long version, SlotRange piece)
    {
        lock (gate)
            return rules.Judge(term, version, piece);
    }

    /// <summary>
    /// Offers a piece whose gradient (this shard's range of it) lies at <paramref name="gradient"/> and stays there until the version is
    /// committed. Where it is the last one, <paramref name="complete"/> tells the caller to see to the update: <see cref="WakeUp"/> or
    /// <see cref="Update"/>.
    /// </summary>
    public Verdict Offer(long term, long version, SlotRange piece, byte* gradient, out bool complete)
    {
        lock (gate)
        {
            var verdict = rules.Offer(term, version, piece);
            if (verdict == Verdict.Accepted)
                gradients[piece] = (nint)gradient;
            complete = verdict == Verdict.Accepted && rules.Complete;
            return verdict;
        }
    }

    /// <summary>Has the shard's thread do the update that is due.</summary>
    public void WakeUp()
    {
        lock (gate)
        {
            if (!disposed)
                wake.Set();
        }
    }

    /// <summary>
    /// Raises the term. Returns where the shard stands in that moment, and whether an update is due or under way, which still reads what older
    /// terms brought.
    /// </summary>
    public (long Version, bool Due) RaiseTerm(long term)
    {
        lock (gate)
        {
            rules.RaiseTerm(term);
            return (rules.Version, rules.Complete);
        }
    }

    /// <summary>
    /// A copy of weights and optimizer state at exactly <paramref name="version"/>, or null where the shard stands elsewhere. The caller
    /// makes sure that no update of that version can begin (a worker holds, see Protocol's Pause), and disposes the copy.
    /// </summary>
    public KeptShard? Keep(long version)
    {
        lock (gate)
        {
            if (rules.Version != version || rules.Complete || disposed)
                return null;
            var weights = spare.Lend(Range.Length * sizeof(float));
            LentMemory? state = null;
            try
            {
                Buffer.MemoryCopy(Weights.Master(version), weights.Pointer, weights.Bytes, Range.Length * sizeof(float));
                state = spare.Lend(optimizer.MomentBytes + RoomForHeader);
                using var stream = new UnmanagedMemoryStream(state.Pointer, 0, state.Bytes, FileAccess.Write);
                optimizer.SaveState(stream);
                return new KeptShard(version, weights, state, stream.Length);
            }
            catch
            {
                weights.Dispose();
                state?.Dispose();
                throw;
            }
        }
    }

    /// <summary>Takes over the optimizer's state at the version where the shard begins, before any gradient.</summary>
    /// <exception cref="BadInputException">The state is not of this optimizer, or of another length.</exception>
    /// <exception cref="InvalidOperationException">The shard stands elsewhere.</exception>
    public void LoadOptimizerState(long version, byte[] state)
    {
        lock (gate)
        {
            if (rules.Version != version || rules.Pieces.Count > 0 || disposed)
                throw new InvalidOperationException($"shard {Range.Shard} is at version {rules.Version} and can't take the optimizer's state of {version}");
            using var stream = new MemoryStream(state);
            optimizer.LoadState(stream);
        }
    }

    /// <summary>Ends the shard's thread; an update that it is in the middle of is finished.</summary>
    public void Stop()
    {
        stopping = true;
        following.Stop();
        lock (gate)
        {
            if (!disposed)
                wake.Set();
        }

        if (thread.IsAlive && Thread.CurrentThread != thread)
            thread.Join();
        lock (updating)
        {
            // Another thread's update is over.
        }
    }

    public void Dispose()
    {
        Stop();
        lock (gate)
        {
            // Links may still offer what they had received: from here on it is only counted.
            if (disposed)
                return;
            disposed = true;
            optimizer.Dispose();
            Weights.Dispose();
            spare.Dispose();
            wake.Dispose();
        }
    }

    /// <summary>Takes over the update that is due if the first home has made it; otherwise has the shard's thread wait for that.</summary>
    public void TakeOver()
    {
        var made = false;
        // Whoever is in an update, or leaves the first home, has its memory.
        if (updating.TryEnter())
        {
            made = following.Has(Version + 1);
            updating.Exit();
        }

        if (made)
            Update();
        else
            WakeUp();
    }

    /// <summary>Does the update that is due on the calling thread, which saves waking another; nothing once the shard is stopped.</summary>
    public void Update()
    {
        try
        {
            lock (updating)
            {
                if (!stopping)
                    Commit();
            }
        }
        catch (OperationCanceledException)
        {
            // The server ends while this shard waits for the norms of others, or for its first home.
        }
        catch (Exception exception)
        {
            // Whichever thread it is, nothing above it could mend this: it ends the job, with this as its cause.
            stopping = true;
            failed(exception);
        }
    }

    private void Run()
    {
        while (true)
        {
            wake.WaitOne();
            if (stopping)
                return;
            Update();
        }
    }

    private void Commit()
    {
        long version;
        TreeSum sums;
        nint[] inputs;
        lock (gate)
        {
            version = rules.Version;
            (sums, inputs) = plan.For(rules.Pieces, gradients);
        }

        // Nothing changes these pieces until Commit: what arrives meanwhile is a duplicate.
        var rate = learningRate(version);
        if (!following.TakesOver(version + 1))
            Make(version, sums, inputs, rate);
        whole?.Publish(version + 1);
        lock (gate)
        {
            rules.Commit();
            gradients.Clear();
        }

        if (used is not null)
            foreach (var input in inputs)
                used(input);
        announce(this, version + 1);
    }

    private void Make(long version, TreeSum sums, nint[] inputs, double rate)
    {
        using var buffers = sums.Rent();
        var gradient = new SummedGradient(sums, inputs, buffers);
        var (from, to) = ((nint)Weights.Master(version), (nint)Weights.Master(version + 1));
        optimizer.Step(from, to, gradient, rate, norms?.Of(Range.Shard, version), Weights.Rounded(version + 1));
        statistics.Step(from, to, gradient);
        Weights.Publish(version + 1, Range.Length - statistics.Floats, statistics.Floats);
    }
}
