using Distributed.Cluster.Chaos;
using Distributed.Learning;

namespace Distributed.Cluster.Tests.Chaos;

public sealed class ChaosPlanTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_same_seed_draws_the_same_faults_and_another_one_others()
    {
        static string Draw(long seed) => string.Join('\n', Enumerable.Range(0, 2000).Select(step => new ChaosPlan([], seed, 0.05).Drawn("worker-1", step)));
        Assert.Equal(Draw(7), Draw(7));
        Assert.NotEqual(Draw(7), Draw(8));
        Assert.InRange(Draw(7).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length, 60, 150);
    }

    [Fact]
    public void Drawn_faults_lie_at_points_of_the_nodes_role()
    {
        var plan = new ChaosPlan([], 1, 1);
        var worker = Enumerable.Range(0, 200).Select(step => plan.Drawn("worker-1", step)!.Phase).Distinct().Order();
        var server = Enumerable.Range(0, 200).Select(step => plan.Drawn("server-1", step)!.Phase).Distinct().Order();
        var coordinator = Enumerable.Range(0, 200).Select(step => plan.Drawn("coordinator-1", step)!.Phase).Distinct();
        Assert.Equal([ChaosPhase.BeforeSending, ChaosPhase.WhileSending, ChaosPhase.AfterSending, ChaosPhase.AfterStep], worker);
        Assert.Equal([ChaosPhase.BeforeCommit, ChaosPhase.BeforeAnnouncing], server);
        Assert.Equal([ChaosPhase.BeforeRecording], coordinator);
    }

    [Fact]
    public void A_file_lists_faults_and_a_mistake_in_it_is_named()
    {
        var file = folder["plan.hocon"];
        File.WriteAllText(file, """
            faults = [
              { kind = kill, node = worker-1, step = 12, phase = before-sending }
              { kind = pause, node = server-1, step = 3, phase = before-announcing, seconds = 2.5 }
            ]
            """);
        var plan = ChaosPlan.Read(file, 0, 0);
        Assert.Equal("kill worker-1 step 12 before-sending", $"{Assert.Single(plan.At("worker-1", ChaosPhase.BeforeSending, 14))}");
        Assert.Empty(plan.At("worker-1", ChaosPhase.BeforeSending, 11));
        Assert.Equal("pause server-1 step 3 before-announcing 2.5 s", $"{Assert.Single(plan.At("server-1", ChaosPhase.BeforeAnnouncing, 3))}");

        File.WriteAllText(file, "faults = [{ kind = kil, node = worker-1, step = 12, phase = before-sending }]");
        Assert.StartsWith("plan.hocon: faults[0].kind", Assert.Throws<BadInputException>(() => ChaosPlan.Read(file, 0, 0)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fault_happens_once_whoever_asks_again()
    {
        var record = folder["chaos.txt"];
        var plan = new ChaosPlan([new Fault(FaultKind.Delay, "w", 2, ChaosPhase.AfterStep, TimeSpan.FromMilliseconds(1))], 0, 0);
        new ProcessChaos(plan, "w", record).At(ChaosPhase.AfterStep, 2);
        var again = new ProcessChaos(plan, "w", record);
        again.At(ChaosPhase.AfterStep, 2);
        again.At(ChaosPhase.AfterStep, 3);
        Assert.Single(File.ReadAllLines(record));
    }
}
