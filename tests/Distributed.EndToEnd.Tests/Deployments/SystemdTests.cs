namespace Distributed.EndToEnd.Tests;

/// <summary><c>deploy/systemd</c>: by systemd's own checks, and its commands on machines made of network namespaces.</summary>
public class SystemdTests
{
    private const string Coordinator = "trainer-coordinator.service";
    private const string Server = "trainer-server@.service";
    private const string Worker = "trainer-worker@.service";
    private static readonly string[] Units = [Coordinator, Server, Worker];

    [ToolFact("systemd-analyze")]
    public async Task The_units_pass_systemds_checks()
    {
        using var folder = new TemporaryFolder();
        // The program is not installed here; all else is as it is.
        var files = Units.Select(unit => folder.Write(
            unit, File.ReadAllText(Deploy.At("systemd", unit)).Replace("/opt/trainer/trainer", "/usr/bin/env", StringComparison.Ordinal))).ToArray();
        Assert.Empty(await Deploy.RunAsync(folder.Path, ["systemd-analyze", "verify", "--man=no", .. files]));
        // Of 100, which a unit without any hardening nearly has.
        foreach (var file in files)
            await Deploy.RunAsync(folder.Path, "systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=25", file);
    }

    [Fact]
    public void The_units_leave_time_to_drain_and_name_only_what_the_environment_has()
    {
        var environment = Unit.ReadEnvironment(Deploy.At("systemd", "node.env"));
        foreach (var unit in Units.Select(name => new Unit(name)))
        {
            Assert.True(TimeSpan.FromSeconds(int.Parse(unit["TimeoutStopSec"].Single(), System.Globalization.CultureInfo.InvariantCulture)) > Deploy.Drain + Deploy.Leaving);
            Assert.Equal("on-failure", unit["Restart"].Single());
            Assert.Equal("/etc/trainer/node.env", unit["EnvironmentFile"].Single());
            Assert.DoesNotContain(unit.Command("rack", "1", environment), word => word.AsSpan().ContainsAny("$%{}"));
        }
    }
}
