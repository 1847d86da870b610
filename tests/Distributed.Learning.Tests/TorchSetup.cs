using System.Runtime.CompilerServices;
using TorchSharp;

// Torch's random generator and its number of threads belong to the process, so tests run one after the other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Distributed.Learning.Tests;

internal static class TorchSetup
{
    [ModuleInitializer]
    internal static void OneThread() => torch.set_num_threads(1);
}
