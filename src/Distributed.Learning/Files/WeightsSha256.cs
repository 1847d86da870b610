using System.Security.Cryptography;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// The fingerprint of a model's weights: SHA-256 over the little-endian float32 parameters in order of definition, then the running
/// statistics of batch norms in theirs (each mean, then its variance), without padding.
/// Two runs with the same fingerprint trained to the same bits.
/// </summary>
public static class WeightsSha256
{
    /// <summary>Of weights in a flat vector.</summary>
    /// <param name="layout">The places of parameters and statistics.</param>
    /// <param name="flat">Address of the vector's first float.</param>
    /// <returns>64 lower-case hexadecimal digits.</returns>
    public static unsafe string Of(ParameterLayout layout, IntPtr flat)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var entry in layout.Entries)
            NativeBytes.ForEachChunk(flat + (IntPtr)(entry.Offset * sizeof(float)), entry.Count * sizeof(float), hash.AppendData);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Of the parameters that a module holds.</summary>
    /// <param name="module">A module with float32 parameters.</param>
    /// <returns>64 lower-case hexadecimal digits.</returns>
    public static unsafe string Of(nn.Module<Tensor, Tensor> module)
    {
        var layout = ParameterLayout.Of(module);
        using var flat = empty(layout.Length);
        fixed (byte* first = flat.bytes)
        {
            ModelReplica.CopyInitialWeights(module, layout, (IntPtr)first, 0, layout.Length);
            return Of(layout, (IntPtr)first);
        }
    }
}
