namespace Distributed.Learning;

/// <summary>
/// The SplitMix64 generator's step and output function (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014):
/// a bijection of 64-bit numbers whose outputs look independent, used to turn coordinates such as (seed, epoch) into seeds.
/// </summary>
internal static class SplitMix64
{
    public const ulong Increment = 0x9E3779B97F4A7C15;

    /// <summary>The output function: one-to-one, so different inputs never give the same output.</summary>
    public static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A hash of two numbers; for a fixed first one it is one-to-one in the second.</summary>
    public static ulong Hash(ulong first, ulong second) => Mix(Mix(first + Increment) + second * Increment);
}
