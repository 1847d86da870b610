using Distributed.Cli.Planning;
using Distributed.Learning;

namespace Distributed.Cli.Tests;

public class ClusterPlanTests
{
    /// <summary>Ten million floats: 40 MB each way; a slot of 50 ms.</summary>
    private static readonly JobLoad Big = new(10_000_000, 4, 4, 64, 1, 1, 1, 1_000_000, 50);

    [Fact]
    public void A_step_on_one_machine_is_its_slots_and_one_pass_over_its_parameters()
    {
        var plan = new ClusterPlan(Big with { Backups = 0 }, [new PlannedHost("a", Workers: 2)]);
        Assert.Equal((2, 1, 1, 2), (plan.Workers, plan.Servers, plan.Homes, plan.MostSlots));
        Assert.Equal(100, plan.Compute, 9);
        Assert.Equal(0, plan.Network, 9);
        // Two gradients, weights and momentum, these read and written: 24 bytes a parameter.
        Assert.Equal(10e6 * 24 / 45e9 * 1000, plan.Update, 9);
        Assert.Equal(plan.Compute + plan.Update, plan.Step, 9);
        Assert.StartsWith("compute: of 4 slots the worker with most has 2; 4 workers would bring it to 1", plan.Bottleneck());
        Assert.Equal(["one server: its loss costs the steps since the last checkpoint"], plan.Warnings());
    }

    [Fact]
    public void What_leaves_all_machines_comes_to_all_machines()
    {
        var plan = new ClusterPlan(Big, [new PlannedHost("a", 2, 1), new PlannedHost("b", 1, 2), new PlannedHost("c", 1, 0)]);
        Assert.Equal(plan.Hosts.Sum(host => host.SentBytes), plan.Hosts.Sum(host => host.ReceivedBytes), 3);
        Assert.Equal(40e6 * 2, plan.Hosts[2].SentBytes, 3);
        Assert.Equal(40e6, plan.Hosts[2].ReceivedBytes, 3);
    }

    [Fact]
    public void A_slow_network_is_the_bottleneck_and_half_the_bytes_halve_it()
    {
        PlannedHost[] hosts = [new("a", 2, 1), new("b", 2, 0)];
        var plan = new ClusterPlan(Big, hosts);
        // Two workers' gradients in one direction, their weights in the other: 80 MB over 1 Gbit/s.
        Assert.Equal(640, plan.Network, 6);
        Assert.StartsWith("network: a sends 80.0 MB a step over 1 Gbit/s; ", plan.Bottleneck());
        Assert.Equal(plan.Network + plan.Update, plan.Step, 9);
        Assert.Equal(plan.Compute + plan.Network + plan.Update, plan.StepAtMost, 9);
        Assert.Equal(320, new ClusterPlan(Big with { BytesPerFloat = 2 }, hosts).Network, 6);
        Assert.Equal(64, new ClusterPlan(Big, [.. hosts.Select(host => host with { Gigabits = 10 })]).Network, 6);
    }

    [Fact]
    public void Second_homes_double_what_is_sent_and_updated()
    {
        PlannedHost[] hosts = [new("a"), new("b")];
        var (with, without) = (new ClusterPlan(Big, hosts), new ClusterPlan(Big with { Backups = 0 }, hosts));
        Assert.Equal(2, with.Homes);
        Assert.Equal(2 * without.Update, with.Update, 9);
        Assert.Equal(40e6 / 2 * 3, with.Hosts[0].SentBytes, 3);
        Assert.Equal(40e6 / 2 * 2, without.Hosts[0].SentBytes, 3);
    }

    [Fact]
    public void What_does_not_fit_and_what_is_of_no_use_is_told()
    {
        var crowded = new ClusterPlan(Big with { Threads = 4 }, [new PlannedHost("a", 4, 2, Cores: 8, MemoryBytes: 1e9)]);
        Assert.Equal(100, crowded.Compute, 9);
        Assert.Contains("a has fewer cores than its workers have threads", crowded.Bottleneck());
        Assert.Collection(
            crowded.Warnings(), line => Assert.Equal("a: 4 workers of 4 threads on 8 cores", line),
            line => Assert.StartsWith("a: needs ", line));
        Assert.Contains("5 workers but 4 slots: 1 of them have nothing to do", new ClusterPlan(Big, [new PlannedHost("a", 5, 2)]).Warnings().First());
        Assert.Contains("2 workers are as fast as 3: 4 slots divide no better", new ClusterPlan(Big, [new PlannedHost("a", 3, 2)]).Warnings());
    }

    [Fact]
    public void A_hosts_file_is_that_of_the_launcher_with_what_the_machines_have()
    {
        var hosts = PlannedHost.Read("hosts", ["# ours", "", "10.0.0.1  workers=2 servers=0 cores=16 memory=64GB gbit=2.5 # first", "10.0.0.2 ssh=alice@rack"]);
        Assert.Equal([new PlannedHost("10.0.0.1", 2, 0, 16, 64e9, 2.5), new PlannedHost("10.0.0.2")], hosts);
    }

    [Theory]
    [InlineData("", "hosts: expected a machine a line, found none")]
    [InlineData("a servers=0", "hosts: a job needs a worker and a server at least")]
    [InlineData("a\nb worker=2", "hosts:2: expected workers=N, servers=N, ssh=TARGET, cores=N, memory=SIZE or gbit=N, got 'worker=2'")]
    [InlineData("a workers=many", "hosts:1: workers: expected a whole number, got 'many'")]
    [InlineData("a cores=0", "hosts:1: cores: expected a whole number from 1 on, got '0'")]
    [InlineData("a memory=64", "hosts:1: memory: expected gigabytes such as 64GB, got '64'")]
    [InlineData("a gbit=0", "hosts:1: gbit: expected a number above 0, got '0'")]
    public void A_mistake_in_it_is_one_line(string lines, string message) =>
        Assert.Equal(message, Assert.Throws<BadInputException>(() => PlannedHost.Read("hosts", lines.Split('\n'))).Message);
}
