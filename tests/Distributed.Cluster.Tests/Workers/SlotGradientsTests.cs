using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Tests.ParameterServers;
using Distributed.Cluster.Workers;

namespace Distributed.Cluster.Tests.Workers;

public class SlotGradientsTests
{
    private const float Dirt = 1e6f;

    [Fact]
    public void Any_piece_has_the_bits_of_the_canonical_tree_within_its_scratch_buffers()
    {
        for (var slots = 1; slots <= 21; slots++)
        {
            foreach (var piece in Gradients.Nodes(SlotTree.Root(slots)))
            {
                var (own, complete) = (Dirt, Dirt);
                var scratch = Enumerable.Repeat(Dirt, SlotTree.ScratchBuffers(piece)).ToArray();
                var added = new List<int>();
                SlotGradients.Compute(
                    piece,
                    [.. Enumerable.Range(0, scratch.Length)],
                    zero: () => own = 0,
                    addSlot: (slot, asides) =>
                    {
                        added.Add(slot);
                        own += Gradients.Of(5, 0, slot, 0);
                        foreach (var buffer in asides) own = scratch[buffer] + own;
                        if (slot == piece.End - 1) complete = own;
                    },
                    setAside: buffer => scratch[buffer] = own);
                Assert.Equal(own, complete);
                Assert.Equal(Gradients.Sum(piece, 5, 0, 0), own);
                Assert.Equal(Enumerable.Range(piece.First, piece.Count), added);
            }
        }
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(3, 0)]
    [InlineData(4, 1)]
    [InlineData(8, 2)]
    [InlineData(1024, 9)]
    public void Scratch_grows_with_the_logarithm_of_the_slots(int slots, int buffers) =>
        Assert.Equal(buffers, SlotTree.ScratchBuffers(SlotTree.Root(slots)));
}
