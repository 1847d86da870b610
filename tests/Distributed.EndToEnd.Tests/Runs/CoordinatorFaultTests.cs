using System.Globalization;

namespace Distributed.EndToEnd.Tests;

/// <summary>
/// Coordinators that end, or stand still, at points of a step and of a checkpoint: one after another takes the job over, and the result is that of the
/// undisturbed run.
/// </summary>
public sealed class CoordinatorFaultTests : IDisposable
{
    /// <summary>Seconds instead of the half minute that a loaded machine is granted.</summary>
    private const string Impatient = """
        akka.cluster.failure-detector { heartbeat-interval = 500ms, acceptable-heartbeat-pause = 4s }
        akka.cluster.split-brain-resolver.stable-after = 3s
        """;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public Task Coordinators_killed_while_they_record_lease_and_write_a_checkpoint_cost_no_bit() => CostNoBitAsync("kill", "while-recording", "while-leasing", "before-manifest");

    [Fact]
    [Trait("Category", "Slow")]
    public Task Coordinators_killed_at_every_point_cost_no_bit() => CostNoBitAsync(
        "kill", "before-recording", "while-leasing", "while-recording", "before-deciding", "while-holding", "before-manifest", "before-ending");

    [Fact]
    [Trait("Category", "Slow")]
    public Task Coordinators_that_stand_still_for_20_s_at_every_point_cost_no_bit() => CostNoBitAsync(
        "pause", "before-recording", "while-leasing", "while-recording", "before-deciding", "while-holding", "before-manifest", "before-ending");

    /// <summary>
    /// Each coordinator has a fault at a point of its own, and one is left at the end. A point that comes but once is the first one after the takeover.
    /// </summary>
    private async Task CostNoBitAsync(string kind, params string[] phases)
    {
        // A checkpoint is of the first step after its time at which everybody can be held: a fast machine has gone on by dozens of steps till then.
        var epochs = 5 * phases.Length;
        var job = SmallJob.Write(folder, optimizer: SmallJob.Everything + "\nearly-stopping { patience = 100 }", epochs: epochs);
        var undisturbed = await RunResult.UndisturbedAsync(job);
        using var cluster = new TestCluster(folder, Impatient);
        var chaos = cluster.Plan([.. phases.Select((phase, i) => string.Create(
            CultureInfo.InvariantCulture,
            $"{{ kind = {kind}, node = coordinator-{i + 1}, step = {(phase is "while-leasing" or "before-ending" ? 0 : 12 * i + 10)}, phase = {phase}{(kind == "pause" ? ", seconds = 20" : "")} }}"))]);
        await cluster.FoundAsync("coordinator-1", 0, chaos);
        for (var i = 2; i <= phases.Length + 1; i++)
        {
            // One after another: the oldest one is the next.
            cluster.Start($"coordinator-{i}", 0, chaos);
            await cluster.JoinedAsync(cluster["coordinator-1"], $"coordinator-{i}");
            await cluster.IsMemberAsync(cluster["coordinator-1"], $"coordinator-{i}");
        }

        string[] members = ["worker-1", "worker-2", "server-1", "server-2"];
        foreach (var name in members)
            cluster.Start(name);
        foreach (var name in members)
            await cluster.JoinedAsync(cluster["coordinator-1"], name);
        using var submitter = cluster.Submit(
            job, "worker-1", "--workers", "2", "--servers", "2", "--set", "min-workers=2", "--set", "checkpoint.every-steps=8");

        await cluster.EndsLikeAsync(submitter, undisturbed, epochs);
        Assert.Equal(phases, cluster.Faults.Select(fault => fault.Split(' ')[4]));
        Assert.Empty(cluster.Events("went-back"));
        Assert.Contains("coordinator-2 takes over from coordinator-1", submitter.Output, StringComparison.Ordinal);
        if (kind == "kill")
            return;
        // Whoever stood still has been replaced meanwhile: its node says so and ends.
        for (var i = 1; i <= phases.Length; i++)
            await cluster.EndsSayingWhyAsync($"coordinator-{i}");
    }
}
