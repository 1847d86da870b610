using System.Globalization;
using Distributed.Cluster.Configuration;
using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cluster.Jobs;

/// <summary>Changes to a job file from the command line.</summary>
/// <param name="Sets"><c>path=value</c>, as <c>--set</c> takes them.</param>
internal sealed record JobOverrides(int? Workers = null, int? Servers = null, IReadOnlyList<string>? Sets = null);

/// <summary>What to train and how: an immutable record read from a HOCON file and checked as far as one can without data.</summary>
internal sealed record Job
{
    public required string Name { get; init; }

    /// <summary>Every random choice of the job follows from it: initial weights, order of samples, dropout.</summary>
    public required long Seed { get; init; }

    public required ModelSpec Model { get; init; }

    public required DataSpec Data { get; init; }

    public required LossSpec Loss { get; init; }

    public required OptimizerSpec Optimizer { get; init; }

    public required JobLength Length { get; init; }

    public required EvaluationSchedule Evaluation { get; init; }

    public required CheckpointSchedule Checkpoint { get; init; }

    /// <summary>Null: every epoch is trained.</summary>
    public EarlyStoppingSpec? EarlyStopping { get; init; }

    /// <summary>Whether something follows from each evaluation before the next step: workers wait for it.</summary>
    public bool DecidesAtEvaluations => EarlyStopping is not null || Optimizer.Schedule.FollowsEvaluations;

    /// <summary>Samples of one global batch, over all slots.</summary>
    public required int Batch { get; init; }

    /// <summary>Equal parts of every global batch; part of the job, so that its result does not depend on the workers.</summary>
    public required int Slots { get; init; }

    public required int Workers { get; init; }

    /// <summary>With fewer workers training waits for others.</summary>
    public required int MinWorkers { get; init; }

    /// <summary>Workers that join while training are given slots up to this number.</summary>
    public required int MaxWorkers { get; init; }

    public required int Servers { get; init; }

    /// <summary>On how many further servers each shard lives, where there are any.</summary>
    public required int Backups { get; init; }

    /// <summary>Compute threads of a slot; part of the job, since another number gives other bits.</summary>
    public required int Threads { get; init; }

    /// <summary>In which numbers workers compute; servers keep float32.</summary>
    public required Precision Precision { get; init; }

    public required SameHost SameHost { get; init; }

    /// <summary>Whether the gradients of a host's workers are summed there before they go to servers elsewhere.</summary>
    public bool SumsOnHosts { get; init; }

    /// <summary>The resolved job file: what the run's folder keeps and what travels to the nodes.</summary>
    public required string Text { get; init; }

    /// <summary>Reads a job by the name of a file that ships with the program, or by path.</summary>
    /// <exception cref="BadInputException">No such job, or something in it is wrong.</exception>
    public static Job Load(string nameOrFile, JobOverrides overrides)
    {
        var file = Find(nameOrFile);
        string text;
        try
        {
            text = File.ReadAllText(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{file}: can't be read: {exception.Message}", exception);
        }

        return Parse(System.IO.Path.GetFileName(file), text, overrides);
    }

    /// <summary>The learning rate of every step.</summary>
    /// <param name="samples">Samples of the training set.</param>
    public LearningRateSchedule LearningRates(int samples) => LearningRateSchedule.Of(Optimizer, samples, Batch, Length.TotalSteps);

    /// <summary>The names of the jobs that ship with the program.</summary>
    public static IReadOnlyList<string> Shipped() =>
        Directory.Exists(ShippedFolder)
            ? [.. Directory.GetFiles(ShippedFolder, "*.hocon").Select(file => System.IO.Path.GetFileNameWithoutExtension(file)!).Order()]
            : [];

    /// <summary>Reads a job from its text; <paramref name="file"/> is what messages call it.</summary>
    public static Job Parse(string file, string text, JobOverrides overrides)
    {
        var sets = new List<string>(overrides.Sets ?? []);
        if (overrides.Workers is { } givenWorkers)
            sets.Add(string.Create(CultureInfo.InvariantCulture, $"workers={givenWorkers}"));
        if (overrides.Servers is { } givenServers)
            sets.Add(string.Create(CultureInfo.InvariantCulture, $"servers={givenServers}"));

        var tree = HoconSettings.Parse(file, text, sets);
        var root = SettingsSection.Root(file, tree);
        var name = root.Text("name", System.IO.Path.GetFileNameWithoutExtension(file));
        var seed = root.LongInteger("seed", 1, 0);
        var model = ModelSpec.Read(root.Section("model"));
        var loss = LossSpec.Read(root);
        var data = DataSpec.Read(root.Section("data"), model.Input, model.Output, model.Tokens, loss);
        var optimizer = OptimizerSpec.Read(root.Section("optimizer"));
        var length = JobLength.Read(root);
        var batch = root.Integer("batch", null, 1, 100_000_000);
        var workers = root.Integer("workers", 2, 1, 1024);
        var servers = root.Integer("servers", 1, 1, 256);
        var backups = root.Integer("backups", 1, 0, 1);
        var slots = root.Text("slots", "auto") == "auto" ? workers : root.Integer("slots", null, 1, 4096);
        var minWorkers = root.Integer("min-workers", 1, 1, 1024);
        var maxWorkers = root.Integer("max-workers", workers, 1, 1024);
        var threads = root.Integer("threads", 1, 1, 1024);
        var precision = Precisions.Read(root);
        var evaluation = EvaluationSchedule.Read(root);
        var checkpoint = CheckpointSchedule.Read(root);
        var earlyStopping = EarlyStoppingSpec.Read(root);
        var transport = root.OptionalSection("transport");
        var sameHost = transport?.OneOf("same-host", "auto", "auto", "tcp") == "tcp" ? SameHost.Tcp : SameHost.Auto;
        var sumsOnHosts = transport?.Flag("sum-on-hosts", false) ?? false;
        if (sumsOnHosts && sameHost == SameHost.Tcp)
            throw transport!.Error("sum-on-hosts", "gradients are summed in the shared memory of a host: expected same-host = auto, got tcp");
        transport?.RejectUnknownKeys();
        root.RejectUnknownKeys();

        if (name.Length is 0 or > 64 || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not '-' and not '_' and not '.'))
            throw root.Error("name", $"expected up to 64 letters, digits, '-', '_' or '.', got '{name}'");
        if (batch % slots != 0)
            throw root.Error("batch", $"{batch} samples do not divide into {slots} slots; "
                + (batch < slots ? $"the smallest that do: {slots}" : $"nearest that do: {batch / slots * slots} and {(batch / slots + 1) * slots}"));
        if (workers > slots)
            throw root.Error("workers", $"{workers} workers but only {slots} slots: a worker needs a slot at least (set slots to {workers} or more)");
        if (minWorkers > workers)
            throw root.Error("min-workers", $"expected at most the {workers} workers that the job begins with, got {minWorkers}");
        if (maxWorkers < workers || maxWorkers > slots)
            throw root.Error("max-workers", $"expected {workers} (the workers that the job begins with) to {slots} (its slots), got {maxWorkers}");
        model.CheckShapes();
        if (loss.ClassWeights is { } weights && weights.Count != model.Output[^1])
            throw root.Error("loss.class-weights", $"expected {model.Output[^1]} weights, one an output of the model, got {weights.Count}");

        return new Job
        {
            Name = name,
            Seed = seed,
            Model = model,
            Data = data,
            Loss = loss,
            Optimizer = optimizer,
            Length = length,
            Evaluation = evaluation,
            Checkpoint = checkpoint,
            EarlyStopping = earlyStopping,
            Batch = batch,
            Slots = slots,
            Workers = workers,
            MinWorkers = minWorkers,
            MaxWorkers = maxWorkers,
            Servers = servers,
            Backups = backups,
            Threads = threads,
            Precision = precision,
            SameHost = sameHost,
            SumsOnHosts = sumsOnHosts,
            Text = HoconSettings.Render(HoconSettings.Parse(file, text, [.. sets, string.Create(CultureInfo.InvariantCulture, $"slots={slots}"), $"name={name}"])),
        };
    }

    private static string ShippedFolder => System.IO.Path.Combine(AppContext.BaseDirectory, "jobs");

    private static string Find(string nameOrFile)
    {
        if (File.Exists(nameOrFile))
            return nameOrFile;
        var shipped = System.IO.Path.Combine(ShippedFolder, nameOrFile + ".hocon");
        if (!nameOrFile.Contains('/', StringComparison.Ordinal) && File.Exists(shipped))
            return shipped;
        throw new BadInputException($"no job '{nameOrFile}': no such file, and the jobs that ship are {string.Join(", ", Shipped())}");
    }
}
