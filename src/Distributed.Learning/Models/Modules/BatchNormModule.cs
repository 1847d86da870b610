using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Batch normalisation over [batch, channels, …] (Ioffe and Szegedy, 2015). Unlike torch's it never writes its running statistics, which a
/// replica only reads: a training pass leaves the batch's own statistics in <see cref="Batch"/>, and whoever trains averages them into the
/// running ones (<see cref="RunningStatistics"/>).
/// </summary>
internal sealed class BatchNormModule : nn.Module<Tensor, Tensor>
{
    private readonly double epsilon;

    [ComponentName(Name = "weight")]
    private readonly Parameter? weight;

    [ComponentName(Name = "bias")]
    private readonly Parameter? bias;

    [ComponentName(Name = "running_mean")]
    private readonly Tensor runningMean;

    [ComponentName(Name = "running_var")]
    private readonly Tensor runningVariance;

    public BatchNormModule(long channels, double momentum, double epsilon, bool affine) : base("BatchNorm")
    {
        Momentum = momentum;
        this.epsilon = epsilon;
        if (affine)
        {
            weight = nn.Parameter(ones(channels));
            register_parameter("weight", weight);
            bias = nn.Parameter(zeros(channels));
            register_parameter("bias", bias);
        }
        runningMean = zeros(channels).DetachFromDisposeScope();
        register_buffer("running_mean", runningMean);
        runningVariance = ones(channels).DetachFromDisposeScope();
        register_buffer("running_var", runningVariance);
    }

    /// <summary>How far a step takes the running statistics towards the batch's.</summary>
    public double Momentum { get; }

    /// <summary>The running mean and variance [channels].</summary>
    public (Tensor Mean, Tensor Variance) Running => (runningMean, runningVariance);

    /// <summary>Mean and unbiased variance [channels] of the last training pass; they belong to the dispose scope of that pass.</summary>
    public (Tensor Mean, Tensor Variance) Batch { get; private set; }

    public override Tensor forward(Tensor input)
    {
        if (!training) return Normalise(input, runningMean, runningVariance, false);
        Batch.Mean?.Dispose();
        Batch.Variance?.Dispose();
        // One value a channel has no variance: it is normalised as in an evaluation and moves no running statistic.
        if (input.numel() == runningMean.numel())
        {
            Batch = (runningMean.clone(), runningVariance.clone());
            return Normalise(input, runningMean, runningVariance, false);
        }
        // With a momentum of 1 torch's own pass leaves exactly the batch's statistics here.
        Batch = (zeros_like(runningMean), zeros_like(runningVariance));
        return Normalise(input, Batch.Mean, Batch.Variance, true);
    }

    private Tensor Normalise(Tensor input, Tensor mean, Tensor variance, bool ofBatch) =>
        nn.functional.batch_norm(input, mean, variance, weight, bias, ofBatch, 1, epsilon);
}
