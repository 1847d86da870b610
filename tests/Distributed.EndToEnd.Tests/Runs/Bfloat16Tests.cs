using System.Text.Json;

namespace Distributed.EndToEnd.Tests;

/// <summary>Runs in bfloat16: other bits than float32, and the same however they are computed.</summary>
public class Bfloat16Tests
{
    [Fact]
    public async Task Workers_servers_and_transport_change_no_bit_and_the_model_is_evaluated_as_it_was_trained()
    {
        using var folder = new TemporaryFolder();
        var job = SmallJob.Write(folder, optimizer: SmallJob.Momentum + SmallJob.InBfloat16);
        var one = await StandingCluster.TrainAsync(job);
        RunResult[] others =
        [
            await StandingCluster.TrainAsync(job, "--workers", "3", "--servers", "2"),
            await StandingCluster.TrainAsync(job, "--workers", "2", "--servers", "2", "--set", "transport.same-host=tcp"),
        ];
        Assert.All(others, run =>
        {
            Assert.Equal(one.WeightsSha256, run.WeightsSha256);
            Assert.Equal(one.TestLoss, run.TestLoss);
            Assert.Equal(one.StepLosses, run.StepLosses);
        });

        var fine = await StandingCluster.TrainAsync(
            job, "--workers", "2", "--servers", "2", "--set", "transport.same-host=tcp", "--set", "precision=float32");
        Assert.NotEqual(fine.WeightsSha256, one.WeightsSha256);
        // The gradients and weights of all steps, and small messages.
        Assert.InRange(BytesSent(others[1]) / BytesSent(fine), 0.45, 0.6);
        // Learnt all the same.
        Assert.InRange(one.TestLoss, 0, fine.TestLoss * 1.2);

        var evaluated = await TrainerProcess.RunAsync(folder.Path, "evaluate", one.Folder, "--json");
        Assert.True(evaluated.Code == 0, evaluated.Error);
        Assert.Equal(one.TestLoss, JsonDocument.Parse(evaluated.Output).RootElement.GetProperty("loss").GetDouble());
    }

    private static double BytesSent(RunResult run) => run.Summary.GetProperty("bytesSent").GetInt64();
}
