using Distributed.Cluster.Jobs;
using Distributed.Learning;

namespace Distributed.Cli.Planning;

/// <summary>What a step of a job asks of machines.</summary>
/// <param name="Floats">Parameters.</param>
/// <param name="BytesPerFloat">Of gradients and weights that travel: 4, or 2 for bfloat16.</param>
/// <param name="Slots">Equal parts of a batch.</param>
/// <param name="SlotSamples">Samples of one.</param>
/// <param name="Threads">Compute threads of a worker.</param>
/// <param name="Backups">Further homes of a shard, where there are further servers.</param>
/// <param name="Moments">Values that the optimizer keeps for each parameter.</param>
/// <param name="ActivationFloats">What the layers put out for one slot.</param>
/// <param name="SlotMilliseconds">Forward and backward of one slot on a worker with its threads to itself.</param>
internal sealed record JobLoad(
    long Floats, int BytesPerFloat, int Slots, int SlotSamples, int Threads, int Backups, int Moments, double ActivationFloats, double SlotMilliseconds)
{
    /// <summary>What follows from a job's file, and the time of a slot.</summary>
    public static JobLoad Of(Job job, double slotMilliseconds)
    {
        var layers = job.Model.CheckShapes();
        var samples = job.Batch / job.Slots;
        return new JobLoad(
            layers.Sum(layer => layer.Parameters), job.Precision == Precision.Bfloat16 ? sizeof(ushort) : sizeof(float), job.Slots, samples, job.Threads,
            job.Backups, MomentsOf(job.Optimizer), layers.Sum(Outputs) * samples, slotMilliseconds);
    }

    private static int MomentsOf(OptimizerSpec optimizer) => optimizer.Type switch
    {
        "sgd" or "lars" => optimizer.Momentum > 0 ? 1 : 0,
        "rmsprop" => optimizer.Momentum > 0 ? 2 : 1,
        "adagrad" or "lion" => 1,
        _ => 2,
    };

    private static double Outputs(LayerShape layer) =>
        layer.Output.Aggregate(1.0, (product, size) => product * size) + layer.Groups.SelectMany(group => group.Layers).Sum(Outputs);
}
