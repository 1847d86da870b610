namespace Distributed.Learning;

/// <summary>The result of one block of an evaluation: a fixed range of <see cref="Evaluator.BlockSize"/> samples of the data set.</summary>
/// <param name="Block">The number of the block, counted from 0.</param>
/// <param name="Samples">How many samples it holds: the last block may be short.</param>
/// <param name="LossSum">The mean loss times the samples.</param>
/// <param name="Correct">How many samples were classified rightly.</param>
public sealed record EvaluationBlock(int Block, int Samples, double LossSum, long Correct);
