using System.Runtime.CompilerServices;
using TorchSharp;

// A run takes every core of a small machine, and torch's random generator belongs to the process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Distributed.EndToEnd.Tests;

internal static class TestSetup
{
    [ModuleInitializer]
    internal static void OneThread() => torch.set_num_threads(1);

    // Runs of a test leave nothing in the user's cache; tests of the cache name a folder of their own.
    [ModuleInitializer]
    internal static void NoCache() => Environment.SetEnvironmentVariable("TRAINER_CACHE", "off");
}
