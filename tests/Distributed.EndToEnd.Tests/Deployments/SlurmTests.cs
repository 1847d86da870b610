namespace Distributed.EndToEnd.Tests;

/// <summary><c>deploy/slurm</c> with a stand-in for Slurm's commands, on machines made of network namespaces.</summary>
public class SlurmTests
{
    [NetworkFact]
    public async Task The_batch_script_trains_on_its_allocation_to_the_bits_of_a_local_run_and_leaves_nothing()
    {
        using var folder = new TemporaryFolder();
        var job = SmallJob.Write(folder);
        var local = await RunResult.UndisturbedAsync(job);
        using var allocation = new Allocation(folder);

        using var batch = allocation.Start(job);
        var ended = await batch.EndAsync(TrainerProcess.Patience);

        Assert.True(ended.Code == 0, $"{ended.Output} {ended.Error}");
        var run = new RunResult(Assert.Single(Directory.GetDirectories(folder.In("runs/slurm-17"))));
        Assert.Equal(local.WeightsSha256, run.WeightsSha256);
        Assert.Equal(2, run.Log.Count(line => line.GetProperty("event").GetString() == "worker-ready"));
        Assert.Empty(batch.Children());
        Assert.Empty(Directory.GetFiles(folder.Path, "*.key", SearchOption.AllDirectories));
    }

    [NetworkFact]
    public async Task The_end_of_its_time_ends_the_job_with_a_checkpoint()
    {
        using var folder = new TemporaryFolder();
        using var allocation = new Allocation(folder);
        using var batch = allocation.Start(SmallJob.Write(folder, epochs: 10_000), "--set", "evaluation.every-epochs=0");
        await batch.UntilItPrintsAsync("epoch ");
        // What `#SBATCH --signal=B:TERM@…` asks for: the batch shell alone hears it.
        batch.Signal(TrainerProcess.Terminate);
        var ended = await batch.EndAsync(TrainerProcess.Patience);
        Assert.True(ended.Code == 130, $"{ended.Code}: {ended.Output} {ended.Error}");
        Assert.Single(Directory.GetDirectories(Path.Combine(Assert.Single(Directory.GetDirectories(folder.In("runs/slurm-17"))), "checkpoints")));
        Assert.Empty(batch.Children());
    }

    [Theory]
    [InlineData("", "this is a batch script: sbatch deploy/slurm/trainer.sbatch JOB")]
    [InlineData("SLURM_JOB_ID=1", "expected a job: sbatch deploy/slurm/trainer.sbatch JOB")]
    [InlineData("SLURM_JOB_ID=1 SLURM_SUBMIT_DIR=/ JOB", "//trainer: no such program; TRAINER says where it is")]
    [InlineData("SLURM_JOB_ID=1 SLURM_SUBMIT_DIR=/ TRAINER=/bin/true TRAINER_SERVERS=2 JOB", "TRAINER_SERVERS=2 of 2 tasks a node: expected a server and a worker at least")]
    public async Task A_mistake_is_one_line(string words, string line)
    {
        var given = words.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        using var batch = TrainerProcess.StartCommand(
            AppContext.BaseDirectory, ["env", .. given.Where(word => word.Contains('=', StringComparison.Ordinal)), "bash", Script, .. given.Where(word => !word.Contains('=', StringComparison.Ordinal))]);
        var ended = await batch.EndAsync(TrainerProcess.Patience);
        Assert.Equal((2, $"trainer.sbatch: {line}"), (ended.Code, ended.Error.Trim()));
    }

    private static string Script => Deploy.At("slurm", "trainer.sbatch");

    /// <summary>Two nodes of two tasks each, as the environment of a batch script describes them.</summary>
    private sealed class Allocation : IDisposable
    {
        private readonly TestNetwork network = new(2);
        private readonly TemporaryFolder folder;
        private readonly string hosts;

        public Allocation(TemporaryFolder folder)
        {
            this.folder = folder;
            hosts = network.WriteHosts(folder, "node1", "node2");
            folder.Write("machines", $"node1 {network.Machines[0].Name}\nnode2 {network.Machines[1].Name}\n");
            Directory.CreateDirectory(folder.In("bin"));
            foreach (var name in (string[])["srun", "scontrol"])
                folder.WriteProgram($"bin/{name}", File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "slurm.sh")));
        }

        public TrainerProcess Start(params string[] arguments) => TrainerProcess.StartOn(
            network.Machines[0].Name, folder.Path, hosts,
            [
                "--default-signal=INT", $"PATH={folder.In("bin")}:{Environment.GetEnvironmentVariable("PATH")}", $"HOSTS_FILE={hosts}", $"MACHINES={folder.In("machines")}",
                "SLURM_JOB_ID=17", $"SLURM_SUBMIT_DIR={folder.Path}", "SLURM_JOB_NODELIST=node1,node2", "SLURM_NTASKS_PER_NODE=2", $"TRAINER={Deploy.At("trainer")}",
            ],
            ["bash", Script, .. arguments]);

        public void Dispose() => network.Dispose();
    }
}
