using System.Numerics;

namespace Distributed.Learning;

/// <summary>
/// The generator xoshiro256** (Blackman, Vigna, "Scrambled linear pseudorandom number generators", 2021), its state filled by SplitMix64.
/// Our own, because the samples of a step must be the same in every release of .NET and on every machine.
/// </summary>
internal sealed class Xoshiro256
{
    private ulong s0, s1, s2, s3;

    public Xoshiro256(ulong seed)
    {
        s0 = SplitMix64.Mix(seed += SplitMix64.Increment);
        s1 = SplitMix64.Mix(seed += SplitMix64.Increment);
        s2 = SplitMix64.Mix(seed += SplitMix64.Increment);
        s3 = SplitMix64.Mix(seed + SplitMix64.Increment);
    }

    public ulong Next()
    {
        var result = BitOperations.RotateLeft(s1 * 5, 7) * 9;
        var t = s1 << 17;
        s2 ^= s0;
        s3 ^= s1;
        s1 ^= s2;
        s0 ^= s3;
        s2 ^= t;
        s3 = BitOperations.RotateLeft(s3, 45);
        return result;
    }

    /// <summary>
    /// A whole number in [0, bound), every one equally likely
    /// (multiply and reject: Lemire, "Fast random integer generation in an interval", 2019).
    /// </summary>
    public int Below(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bound, 1);
        var range = (uint)bound;
        var product = (Next() >> 32) * range;
        if ((uint)product < range)
        {
            var rejected = (0u - range) % range;
            while ((uint)product < rejected) product = (Next() >> 32) * range;
        }
        return (int)(product >> 32);
    }

    /// <summary>Puts items in a random order (Fisher-Yates from the end).</summary>
    public void Shuffle(Span<int> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    public double Unit() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A number in [low, high).</summary>
    public double Between(double low, double high) => low + (high - low) * Unit();

    /// <summary>Nearly normal with mean 0 and variance 1 within [-3.5, 3.5]: a sum of four uniforms.</summary>
    public double Bell() => (Unit() + Unit() + Unit() + Unit() - 2) * 1.7320508075688772;
}
