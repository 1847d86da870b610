using System.Diagnostics;
using System.Globalization;

namespace Distributed.Transport.Tests;

/// <summary>
/// Damaged input drawn from a seed: a fixed number of cases in the suite, and as many as a time allows by hand
/// (<c>FUZZ_SECONDS=600</c>, <c>FUZZ_SEED=2</c>). A case that fails is named by seed and number; <c>FUZZ_FIRST</c> begins with it.
/// </summary>
internal static class Fuzz
{
    /// <summary>What refusing one case may allocate: none of it may follow from what the input says.</summary>
    internal const long MostBytesACase = 4 << 20;

    /// <summary>Runs cases, each with random numbers of its own.</summary>
    internal static void Run(int cases, Action<Random> one)
    {
        int seed = Number("FUZZ_SEED") ?? 1;
        TimeSpan? within = Number("FUZZ_SECONDS") is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        Stopwatch since = Stopwatch.StartNew();
        for (int number = Number("FUZZ_FIRST") ?? 0; within is { } bound ? since.Elapsed < bound : number < cases; number++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                one(new Random(unchecked((seed * 1_000_003) + number)));
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"case {number} of FUZZ_SEED={seed}: {failure.Message}", failure);
            }

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < MostBytesACase, $"case {number} of FUZZ_SEED={seed} allocated {allocated} bytes");
        }
    }

    /// <summary>A copy with a few bits, bytes or lengths changed, cut, repeated or extended.</summary>
    internal static byte[] Damage(byte[] good, Random random)
    {
        List<byte> bytes = [.. good];
        for (int changes = random.Next(1, 5); changes > 0; changes--)
        {
            int at = bytes.Count == 0 ? 0 : random.Next(bytes.Count);
            switch (random.Next(7))
            {
                case 0 when bytes.Count > 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1 when bytes.Count > 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2 when bytes.Count > 0:
                    bytes.RemoveRange(at, random.Next(bytes.Count - at) + 1);
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, random.Next(Math.Min(64, bytes.Count - at) + 1)));
                    break;
                case 4 when bytes.Count >= 4:
                    // A number in the place of another: huge, negative, or off by a little.
                    at = random.Next(bytes.Count - 3);
                    int[] numbers = [int.MaxValue, int.MinValue, -1, 0, 1 << 30, bytes.Count, bytes.Count + 1];
                    byte[] number = BitConverter.GetBytes(numbers[random.Next(numbers.Length)]);
                    for (int i = 0; i < number.Length; i++)
                    {
                        bytes[at + i] = number[i];
                    }

                    break;
                default:
                    byte[] more = new byte[random.Next(1, 16)];
                    random.NextBytes(more);
                    bytes.InsertRange(at, more);
                    break;
            }
        }

        return [.. bytes];
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
