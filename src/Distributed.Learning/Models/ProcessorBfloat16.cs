using System.Runtime.Intrinsics.X86;

namespace Distributed.Learning;

/// <summary>Whether this machine's processor multiplies bfloat16 itself; without that, libtorch computes through float32 and saves no time.</summary>
public static class ProcessorBfloat16
{
    private const int FeatureLeaf = 7;
    private const int Avx512Bf16Bit = 5;
    private const int AmxBf16Bit = 22;

    /// <summary>True: it does (AVX-512 BF16 or AMX). Null: it is of another family, of which nothing is known.</summary>
    public static bool? Multiplies
    {
        get
        {
            if (!X86Base.IsSupported) return null;
            var amx = (X86Base.CpuId(FeatureLeaf, 0).Edx >> AmxBf16Bit & 1) != 0;
            var avx512 = (X86Base.CpuId(FeatureLeaf, 1).Eax >> Avx512Bf16Bit & 1) != 0;
            return amx || avx512;
        }
    }
}
