using Distributed.Learning;

namespace Distributed.Cluster.ParameterServers;

/// <summary>
/// What makes a shard a second home: from when it begins, the shard's weights and optimizer state are those of its first home on this host, which are taken
/// over once they are made, bit for bit what the shard would make itself. Updates and the end are for one thread at a time; the rest is for any.
/// </summary>
internal sealed class Following(ShardWeights weights, ShardOptimizer optimizer)
{
    private volatile FirstHome? first;
    private volatile bool waits;
    private volatile bool leaves;
    private volatile bool stopped;
    private bool shares;

    /// <summary>Whether there is a first home.</summary>
    public bool IsOn => first is not null;

    /// <summary>Whether an update waits for the first home's.</summary>
    public bool Waits => waits;

    /// <summary>Begins with the next update.</summary>
    /// <param name="home">The first home; its memory stays until <see cref="End"/> or the last update.</param>
    public void Begin(FirstHome home) => first = home;

    /// <summary>Whether the first home has made a version.</summary>
    public bool Has(long version) => first?.Has(version) == true;

    /// <summary>Has an update that waits go on without the first home; false where there is none. <see cref="End"/> follows.</summary>
    public bool Leave()
    {
        if (first is not { } home)
            return false;
        leaves = true;
        home.Wake();
        return true;
    }

    /// <summary>Ends an update that waits, and every later one that would.</summary>
    public void Stop()
    {
        stopped = true;
        first?.Wake();
    }

    /// <summary>Goes on with a copy of what was whole at the first home.</summary>
    public void End()
    {
        if (shares)
        {
            weights.Detach();
            optimizer.Detach();
        }

        (shares, leaves, first) = (false, false, null);
    }

    /// <summary>Waits until the first home has made a version, which then is this home's, too; false where there is none, or it was left before.</summary>
    /// <exception cref="OperationCanceledException">The shard is stopped.</exception>
    public bool TakesOver(long version)
    {
        if (first is not { } home)
            return false;
        if (!HasMade(home, version))
        {
            End();
            return false;
        }

        if (!shares)
        {
            weights.Follow(home.Weights.Even, home.Weights.Odd);
            optimizer.KeepMomentsIn(home.Moments);
            shares = true;
        }

        optimizer.Adopt();
        return true;
    }

    private bool HasMade(FirstHome home, long version)
    {
        waits = true;
        try
        {
            while (!home.Has(version))
            {
                if (stopped)
                    throw new OperationCanceledException();
                if (leaves)
                    return false;
                home.Wait(version);
            }

            return true;
        }
        finally
        {
            waits = false;
        }
    }
}
