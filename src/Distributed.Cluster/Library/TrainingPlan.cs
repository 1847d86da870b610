using Distributed.Learning;
using static TorchSharp.torch;

namespace Distributed;

/// <summary>What <see cref="DistributedTraining"/> trains: a program's own module on its own data. Texts are those of a job file.</summary>
public sealed record TrainingPlan
{
    /// <summary>The run's name, up to 64 letters, digits, '-', '_' or '.'; plans with different modules or data have different names.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// Makes the module, each time a new one, from <c>[samples, …input shape]</c> to <c>[samples, …]</c>, with float32 parameters drawn from
    /// torch's generator. Every process calls it and must get the same. Instead of torch's batch norms it has <see cref="Norms.BatchNorm"/>.
    /// With <c>precision=bf16</c> among <see cref="Settings"/>, torch's own modules compute in bfloat16; a class of the program's, with all
    /// that is inside, computes in float32 and exchanges bfloat16.
    /// </summary>
    public required Func<nn.Module<Tensor, Tensor>> Module { get; init; }

    /// <summary>
    /// Makes or reads the training and the test set, given <see cref="Seed"/>; see <see cref="DataSets"/>. Every process calls it and must
    /// get the same.
    /// </summary>
    public required Func<long, (IDataSet Training, IDataSet Test)> Data { get; init; }

    /// <summary>The loss, such as <c>mean-squared-error</c> or <c>{ type = huber, delta = 2 }</c>.</summary>
    public string Loss { get; init; } = "cross-entropy";

    /// <summary>The optimizer, such as <c>{ type = adam, learning-rate = 0.01, clip-norm = 1 }</c>.</summary>
    public required string Optimizer { get; init; }

    /// <summary>How often every training sample is seen.</summary>
    public required int Epochs { get; init; }

    /// <summary>Samples in a step, over all workers together; a multiple of <see cref="Slots"/>.</summary>
    public required int Batch { get; init; }

    /// <summary>Equal parts of a batch that workers share out: the result depends on it, and not on how many workers there are.</summary>
    public int Slots { get; init; } = 4;

    /// <summary>Worker processes; at most <see cref="Slots"/>.</summary>
    public int Workers { get; init; } = 2;

    /// <summary>Parameter-server processes.</summary>
    public int Servers { get; init; } = 1;

    /// <summary>Every random choice follows from it: initial weights, order of samples, dropout.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Whatever else a job file may say, as <c>path=value</c>, such as <c>early-stopping.patience=3</c>.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>The folder that gets the model, figures and logs; null takes a new one, <c>runs/NAME-TIME</c>.</summary>
    public string? RunFolder { get; init; }

    /// <summary>Called several times a second, on a thread of the trainer's; null for not at all.</summary>
    public Action<TrainingProgress>? Progress { get; init; }
}

/// <summary>A training under way.</summary>
/// <param name="Phase">gathering nodes, preparing, training, evaluating, saving or finished.</param>
/// <param name="Epoch">The epoch, from 1 on.</param>
/// <param name="Step">The newest complete step of the whole training.</param>
/// <param name="Steps">Steps of the whole training; 0 as long as nobody knows.</param>
/// <param name="Loss">The mean loss of that step.</param>
/// <param name="SamplesPerSecond">Samples that all workers together train on in a second.</param>
/// <param name="Notices">Lines since the last call: results of epochs, processes that ended.</param>
public sealed record TrainingProgress(
    string Phase, int Epoch, long Step, long Steps, double Loss, double SamplesPerSecond, IReadOnlyList<string> Notices);
