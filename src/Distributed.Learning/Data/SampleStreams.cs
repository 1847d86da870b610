namespace Distributed.Learning;

/// <summary>Where data that the program makes itself starts from.</summary>
internal static class SampleStreams
{
    /// <summary>More samples would not fit into one array of pixels.</summary>
    public const int MostSamples = 1_000_000;

    // Training and test sets are drawn from different streams, so that neither changes when the other one grows.
    private const ulong TrainingStream = 0x7472_6169_6E00_0001;
    private const ulong TestStream = 0x7465_7374_0000_0002;

    public static ulong Training(long seed) => SplitMix64.Hash(unchecked((ulong)seed), TrainingStream);

    public static ulong Test(long seed) => SplitMix64.Hash(unchecked((ulong)seed), TestStream);
}
