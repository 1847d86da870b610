namespace Distributed.Learning;

/// <summary>An array of bytes read from an IDX file.</summary>
/// <param name="Dimensions">Its sizes, the slowest first.</param>
/// <param name="Bytes">Its elements in order.</param>
internal sealed record IdxArray(IReadOnlyList<int> Dimensions, byte[] Bytes);
