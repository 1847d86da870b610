using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>The update rule over one piece of a shard, with its state.</summary>
internal interface IOptimizerPiece : IDisposable
{
    /// <summary>The piece's first float in the shard.</summary>
    long Start { get; }

    /// <summary>The piece's length.</summary>
    long Floats { get; }

    /// <summary>One update; the addresses are those of the piece's first float.</summary>
    void Step(IntPtr from, IntPtr to, IntPtr gradient);

    /// <summary>The state tensors that exist now, by PyTorch's names.</summary>
    IReadOnlyList<(string Name, Tensor Value)> State();

    /// <summary>Makes the state tensors that exist after so many steps; their values are about to be loaded.</summary>
    void Prepare(long steps);
}
