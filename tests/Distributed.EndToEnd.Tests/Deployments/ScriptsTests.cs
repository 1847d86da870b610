namespace Distributed.EndToEnd.Tests;

public class ScriptsTests
{
    [ToolFact("shellcheck")]
    public async Task Every_script_passes_shellcheck()
    {
        var scripts = new[] { "deploy", "tests", ".ci" }.SelectMany(folder =>
                Directory.EnumerateFiles(Path.Combine(TrainerProcess.Repository, folder), "*", SearchOption.AllDirectories))
            .Where(file => file.EndsWith(".sh", StringComparison.Ordinal) || Path.GetExtension(file) is "" or ".sbatch" && File.ReadLines(file).FirstOrDefault() == "#!/usr/bin/env bash")
            .ToArray();
        Assert.Contains(Deploy.At("slurm", "trainer.sbatch"), scripts);
        Assert.Contains(Deploy.At("trainer"), scripts);
        Assert.Empty(await Deploy.RunAsync(TrainerProcess.Repository, ["shellcheck", .. scripts]));
    }
}
