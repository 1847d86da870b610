using Distributed.Learning;

namespace Distributed.Cluster.Protocol;

/// <summary>Workers → coordinator: what was computed, a few times a second.</summary>
internal static class ProgressMessages
{
    /// <summary>Steps and evaluation blocks since the last report; it also says that the worker lives.</summary>
    public sealed record WorkerReport(
        Guid Job, string Node, long Step, string Phase, StepReport[] Steps, EvaluationReport[] Evaluations) : IControlMessage;

    /// <summary>One worker's part of a step. Times in milliseconds.</summary>
    /// <param name="TotalMilliseconds">From all weights of its version in place (or later, where something came between) to all of the next version's.</param>
    public sealed record StepReport(
        long Step, SlotReport[] Slots, double TotalMilliseconds, double ComputeMilliseconds, double InputMilliseconds, double ExchangeMilliseconds)
    {
        /// <summary>How long the step waited for its batch at most: the time it took where the weights were there before it.</summary>
        public double InputWaitMilliseconds { get; init; }

        /// <summary>How long a link was busy with sending since the step before; zero over shared memory.</summary>
        public double SendMilliseconds { get; init; }
    }

    /// <summary>What one slot saw: its samples, the sum of their losses, how many of its predictions were right.</summary>
    public sealed record SlotReport(int Slot, int Samples, double LossSum, int Predictions, int Correct);

    /// <summary>One block of the test set under the weights of <paramref name="Version"/>.</summary>
    public sealed record EvaluationReport(long Version, EvaluationBlock Block);
}
