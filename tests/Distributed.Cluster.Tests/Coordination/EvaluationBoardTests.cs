using Distributed.Cluster.Coordination;
using Distributed.Cluster.Protocol;
using Distributed.Learning;

namespace Distributed.Cluster.Tests.Coordination;

public class EvaluationBoardTests
{
    private const int Samples = 2 * Evaluator.BlockSize + 30;

    private readonly EvaluationBoard board = new(Samples);

    [Fact]
    public void The_blocks_of_two_versions_come_in_any_order_and_each_version_completes_once()
    {
        Assert.Null(board.Add(Block(10, 2)));
        Assert.Null(board.Add(Block(20, 0)));
        Assert.Null(board.Add(Block(10, 0)));
        Assert.Null(board.Add(Block(10, 0)));
        var first = board.Add(Block(10, 1));
        Assert.Equal((10L, Samples, (double?)0.5), (first!.Version, first.Samples, first.Accuracy));
        Assert.Equal((250 * 0.1 + 250 * 0.2 + 30 * 0.3) / Samples, first.Loss, 12);
        Assert.Null(board.Add(Block(20, 1)));
        Assert.Equal(20, board.Add(Block(20, 2))!.Version);
    }

    [Fact]
    public void Blocks_that_come_again_after_their_evaluation_begin_no_second_one()
    {
        for (var block = 0; block < 2; block++)
            Assert.Null(board.Add(Block(10, block)));
        Assert.NotNull(board.Add(Block(10, 2)));
        for (var block = 0; block < 3; block++)
            Assert.Null(board.Add(Block(10, block)));
    }

    [Fact]
    public void Blocks_that_the_test_set_does_not_have_are_dropped()
    {
        Assert.Null(board.Add(Block(10, 0)));
        Assert.Null(board.Add(Block(10, 3)));
        Assert.Null(board.Add(Block(10, -1)));
        Assert.Null(board.Add(Block(10, 1)));
        Assert.Equal(Samples, board.Add(Block(10, 2))!.Samples);
    }

    private static ProgressMessages.EvaluationReport Block(long version, int block)
    {
        var samples = block == 2 ? 30 : Evaluator.BlockSize;
        return new(version, new EvaluationBlock(block, samples, samples * (block + 1) * 0.1, samples, samples / 2));
    }
}
