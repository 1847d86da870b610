using System.Runtime.CompilerServices;
using TorchSharp;

// A run takes every core of a small machine, and torch's random generator belongs to the process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Distributed.EndToEnd.Tests;

internal static class TestSetup
{
    [ModuleInitializer]
    internal static void OneThread() => torch.set_num_threads(1);
}
