namespace Distributed.Learning;

/// <summary>What all pieces of an update have in common.</summary>
/// <param name="Number">The update's number, counted from 1.</param>
/// <param name="LearningRate">The job's rate in it.</param>
/// <param name="Scale">What clipping by norm multiplies the gradient by.</param>
internal readonly record struct UpdateStep(long Number, double LearningRate, double Scale);

/// <summary>
/// The update over one piece of a shard: the summed gradient is clipped by value, scaled, penalties are added, and the rule of the
/// optimizer makes the weights after of the weights before.
/// </summary>
internal interface IOptimizerPiece : IDisposable
{
    /// <summary>Where the piece lies in the shard, and its settings.</summary>
    PieceRange Range { get; }

    /// <summary>One update; the addresses of weights are those of the piece's first float.</summary>
    /// <param name="from">The weights before; unchanged, unless they are <paramref name="to"/>.</param>
    /// <param name="to">The weights after.</param>
    /// <param name="gradient">The shard's gradient.</param>
    /// <param name="step">The update.</param>
    /// <param name="rounded">Where the weights after belong in bfloat16, too; 0: nowhere.</param>
    void Step(IntPtr from, IntPtr to, IShardGradient gradient, in UpdateStep step, IntPtr rounded);
}
