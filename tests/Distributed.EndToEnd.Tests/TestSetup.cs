using System.Runtime.CompilerServices;
using TorchSharp;

// Half of what these tests do is wait: for processes to start, and for those that vanished to be missed. Two at a time fill two cores.
[assembly: CollectionBehavior(MaxParallelThreads = 2)]
[assembly: TestCollectionOrderer("Distributed.EndToEnd.Tests.LongestFirst", "Distributed.EndToEnd.Tests")]

namespace Distributed.EndToEnd.Tests;

internal static class TestSetup
{
    [ModuleInitializer]
    internal static void OneThread() => torch.set_num_threads(1);

    // Runs of a test leave nothing in the user's cache; tests of the cache name a folder of their own.
    [ModuleInitializer]
    internal static void NoCache() => Environment.SetEnvironmentVariable("TRAINER_CACHE", "off");
}
