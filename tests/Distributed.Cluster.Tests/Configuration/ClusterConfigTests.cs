using System.Text.RegularExpressions;
using Distributed.Cluster.Configuration;
using Distributed.Cluster.Security;
using Distributed.Learning;
using Microsoft.Extensions.Logging;

namespace Distributed.Cluster.Tests.Configuration;

public sealed partial class ClusterConfigTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cluster-config-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_shipped_file_is_read_as_it_stands()
    {
        var trainer = ClusterConfig.Load(null).Trainer;
        Assert.Equal(
            new TrainerSettings(
                TimeSpan.FromSeconds(1),
                new Deadlines(
                    TimeSpan.FromSeconds(120), TimeSpan.FromSeconds(120), TimeSpan.FromSeconds(30), 20, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(8),
                    TimeSpan.FromHours(24), TimeSpan.FromSeconds(20)),
                TimeSpan.FromMilliseconds(500),
                new LogSettings(LogLevel.Information, TimeSpan.FromSeconds(2))),
            trainer);
    }

    [Fact]
    public void The_command_line_is_laid_over_the_files()
    {
        var file = Write("akka.remote.dot-netty.tcp { hostname = from-file, port = 1 }\nakka.cluster.roles = [server]");
        var akka = ClusterConfig.Load(file, host: "10.0.0.7", port: 4053, roles: ["worker"], security: new SecurityOptions(Insecure: true)).Akka;
        Assert.Equal("10.0.0.7", akka.GetString("akka.remote.dot-netty.tcp.hostname"));
        Assert.Equal(4053, akka.GetInt("akka.remote.dot-netty.tcp.port"));
        Assert.Equal(["worker"], akka.GetStringList("akka.cluster.roles"));
    }

    [Fact]
    public void A_file_of_the_user_needs_only_what_differs()
    {
        var config = ClusterConfig.Load(Write("trainer.deadlines.gather = 2m\nakka.loglevel = DEBUG"));
        Assert.Equal(TimeSpan.FromMinutes(2), config.Trainer.Deadlines.Gather);
        Assert.Equal(TimeSpan.FromSeconds(10), config.Trainer.Deadlines.Handshake);
        Assert.Equal("DEBUG", config.Akka.GetString("akka.loglevel"));
        Assert.Equal("cluster", config.Akka.GetString("akka.actor.provider"));
    }

    [Theory]
    [InlineData("trainer.deadlines.gahter = 3s", "mine.hocon: trainer.deadlines.gahter: unknown key; did you mean 'gather'?")]
    [InlineData("trainer { progres-interval = 3s }", "mine.hocon: trainer.progres-interval: unknown key; did you mean 'progress-interval'?")]
    [InlineData("trainer.log.level = loud", "mine.hocon: trainer.log.level: expected one of debug, info, warning, error, got 'loud'")]
    [InlineData("trainer.deadlines.gather = soon", "mine.hocon: trainer.deadlines.gather: expected a time from 1ms to 168h, such as 250ms, 30s, 2m or 1h, got 'soon'")]
    [InlineData("trainer.deadlines.gather = -3s", "mine.hocon: trainer.deadlines.gather: expected a time from 1ms to 168h, such as 250ms, 30s, 2m or 1h, got '-3s'")]
    [InlineData("a = 1\ntrainer {\n  log {", "mine.hocon: line 3: the section opened in line 3 is not closed: expected '}'")]
    public void A_mistake_is_named_with_its_place(string text, string message) =>
        Assert.Equal(message, Assert.Throws<BadInputException>(() => ClusterConfig.Load(Write(text))).Message);

    [Fact]
    public void A_missing_file_is_named_in_one_line()
    {
        var file = Path.Combine(_folder, "nowhere.hocon");
        var message = Assert.Throws<BadInputException>(() => ClusterConfig.Load(file)).Message;
        Assert.StartsWith($"{file}: cannot read this configuration file: ", message);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData("head")]
    [InlineData("head:")]
    [InlineData("head:0")]
    [InlineData("head:99999")]
    [InlineData("akka.tcp://trainer@head:4053")]
    public void A_malformed_seed_is_refused(string seed) =>
        Assert.StartsWith($"--seed {seed}: expected HOST:PORT", Assert.Throws<BadInputException>(() => ClusterConfig.SeedAddress(seed)).Message);

    [Fact]
    public void Every_key_of_the_shipped_file_has_a_comment()
    {
        var lines = File.ReadAllLines(ClusterConfig.ShippedFile);
        var bare = lines.Where((line, i) => Key().IsMatch(line) && (i == 0 || !lines[i - 1].TrimStart().StartsWith('#')) && line is not "akka {");
        Assert.Empty(bare);
        Assert.True(lines.Count(l => Key().IsMatch(l)) > 80);
    }

    [Fact]
    public void Akka_knows_every_key_of_the_shipped_file()
    {
        // A mistyped key of Akka's would be ignored in silence: each of ours must exist in Akka's own reference, our names aside.
        using var system = Akka.Actor.ActorSystem.Create("reference", Akka.Configuration.ConfigurationFactory.ParseString("akka.actor.provider = cluster"));
        var reference = system.Settings.Config.WithFallback(Akka.Cluster.Tools.Singleton.ClusterSingleton.DefaultConfig());
        string[] ours =
        [
            "akka.actor.serializers.", "akka.actor.serialization-bindings.", "akka.actor.serialization-settings.hyperion.",
            // A timeout that any phase may have; the reference file gives one to few.
            "akka.coordinated-shutdown.phases.before-service-unbind.timeout",
            // Of our executor.
            .. new[] { "actor.internal", "actor.default", "remote.default-remote", "remote.backoff-remote" }.Select(name => $"akka.{name}-dispatcher.threads"),
        ];
        var tree = HoconSettings.Parse("cluster.hocon", File.ReadAllText(ClusterConfig.ShippedFile), []);
        var unknown = Leaves("", tree).Where(k => k.StartsWith("akka.") && !ours.Any(k.StartsWith) && !reference.HasPath(k));
        Assert.Equal([], unknown);
    }

    private static IEnumerable<string> Leaves(string path, SettingObject section) => section.Members.SelectMany(m =>
        m.Value is SettingObject inner ? Leaves($"{path}{m.Key}.", inner) : [path + m.Key]);

    private string Write(string text)
    {
        var file = Path.Combine(_folder, "mine.hocon");
        File.WriteAllText(file, text);
        return file;
    }

    [GeneratedRegex("""^\s*("[^"]+"|[\w.-]+)\s*(=|\{)""")]
    private static partial Regex Key();
}
