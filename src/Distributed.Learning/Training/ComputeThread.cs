using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>Prepares a thread for computing with torch.</summary>
public static class ComputeThread
{
    /// <summary>
    /// Makes the process-wide <c>torch.set_num_threads</c> hold on this thread, too. OpenMP keeps the number of threads per thread, and
    /// libtorch hands the setting on only at a thread's first parallel loop: a matrix product before that would run on every core and give
    /// other bits. Asking for the number hands it on. Costs nanoseconds; everything here that computes calls it first.
    /// </summary>
    public static void Enter() => _ = get_num_threads();
}
