using System.Numerics;
using System.Runtime.InteropServices;

namespace Distributed.Learning;

/// <summary>
/// CRC-32C (Castagnoli), which processors have an instruction for: some gigabytes a second. It finds damage, not intent; the cache belongs to
/// the user who reads it.
/// </summary>
internal static class Checksum
{
    public const uint Start = uint.MaxValue;

    /// <summary>Goes on with further bytes, whose number is a multiple of 8.</summary>
    public static uint Add(uint checksum, ReadOnlySpan<byte> bytes)
    {
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(bytes)) checksum = BitOperations.Crc32C(checksum, word);
        return checksum;
    }
}
