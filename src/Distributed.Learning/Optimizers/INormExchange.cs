namespace Distributed.Learning;

/// <summary>Brings the sums of squares of all shards together within an update.</summary>
public interface INormExchange
{
    /// <summary>Waits until every shard has called this for the same update and time, and fills in what the others gave.</summary>
    /// <param name="sums"><paramref name="kinds"/> runs of a sum for every part of the flat vector (<see cref="NormBlocks.Count"/>).</param>
    /// <param name="kinds">How many sums there are of each part.</param>
    /// <param name="first">The first part that lies on this shard.</param>
    /// <param name="count">How many lie on it, one after another: their sums are given, all others are to be filled in.</param>
    /// <exception cref="TimeoutException">Another shard did not give its sums in time; the message names it.</exception>
    void Complete(double[] sums, int kinds, int first, int count);
}
