using Distributed.Learning;
using Distributed.Transport;
using TorchSharp;

namespace Distributed.Cluster.Jobs;

/// <summary>
/// The folder of a run that has ended, opened for use: its job, its model with the trained weights, its test set. Computes with as many
/// threads as the job's slots, so that figures are those of the run.
/// </summary>
internal sealed unsafe class TrainedRun : IDisposable
{
    private readonly PrivateMemory weights;
    private readonly IDataSet training;

    private TrainedRun(string folder, Job job, string dataFolder)
    {
        Folder = folder;
        Job = job;
        torch.set_num_threads(job.Threads);
        var module = job.Model.Build();
        var layout = ParameterLayout.Of(module, job.Precision);
        weights = new PrivateMemory(layout.Format.BytesTo(layout.Length));
        try
        {
            // As the run's workers had them.
            using (var master = new PrivateMemory(layout.Length * sizeof(float)))
            {
                Metadata = ModelFile.Read(Path.Combine(folder, "model.safetensors"), layout, (nint)master.Pointer);
                layout.Format.Publish((nint)master.Pointer, (nint)weights.Pointer, 0, layout.TrainableLength);
                layout.Format.Publish((nint)master.Pointer, (nint)weights.Pointer, layout.TrainableLength, layout.Length - layout.TrainableLength);
            }

            Model = new ModelReplica(module, layout, [(nint)weights.Pointer], []);
            (training, Test) = job.Data.Open(dataFolder, job.Seed);
        }
        catch
        {
            Model?.Dispose();
            weights.Dispose();
            throw;
        }
    }

    /// <summary>The run's folder.</summary>
    public string Folder { get; }

    public Job Job { get; }

    /// <summary>The model with the trained weights.</summary>
    public ModelReplica Model { get; }

    public IDataSet Test { get; }

    /// <summary>The loss that the model was trained with.</summary>
    public ILossFunction Loss => Job.Loss.Create(training);

    /// <summary>What the model's outputs say.</summary>
    public OutputMeaning Meaning => OutputMeanings.Of(Job.Loss);

    /// <summary>The free texts of the model file.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>How many updates the weights have had.</summary>
    public long Version => long.TryParse(Metadata.GetValueOrDefault("version"), out var version) ? version : 0;

    /// <summary>Opens a run's folder.</summary>
    /// <param name="folder">The folder, with job.hocon and model.safetensors.</param>
    /// <param name="dataFolder">Where the job's data files are.</param>
    /// <exception cref="BadInputException">It is no such folder, or a file of it or of the data is missing or damaged.</exception>
    public static TrainedRun Open(string folder, string dataFolder)
    {
        var jobFile = Path.Combine(folder, "job.hocon");
        if (!File.Exists(jobFile))
            throw new BadInputException($"{folder}: expected the folder of a run; there is no job.hocon in it");
        if (!File.Exists(Path.Combine(folder, "model.safetensors")))
            throw new BadInputException($"{folder}: the run has no model.safetensors; it is written when a run ends");
        var job = Job.Load(jobFile, new JobOverrides());
        job.Data.CheckFiles(dataFolder);
        return new TrainedRun(folder, job, dataFolder);
    }

    /// <summary>Evaluates the test set as the run's workers do.</summary>
    public Evaluation Evaluate() => Evaluator.Evaluate(Model.Forward, Test, Loss, Meaning) with { Version = Version };

    public void Dispose()
    {
        Model.Dispose();
        training.Dispose();
        Test.Dispose();
        weights.Dispose();
    }
}
