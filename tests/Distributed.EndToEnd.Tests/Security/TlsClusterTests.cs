using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Distributed.EndToEnd.Tests;

/// <summary>A cluster of real processes that speak TLS, and those who should not be in.</summary>
public class TlsClusterTests
{
    [Fact]
    public async Task A_cluster_trains_over_tls_and_keeps_others_out()
    {
        using var folder = new TemporaryFolder();
        var job = SmallJob.Write(folder);
        var local = await RunResult.UndisturbedAsync(job);
        await Certs(folder, "init");
        await Issue(folder, "head", "--role", "coordinator", "--role", "server");
        await Issue(folder, "rack", "--role", "worker");
        await Issue(folder, "ann", "--role", "client");
        await Certs(folder, "init", "--out", "theirs");
        await Certs(folder, "issue", "mallory", "--authority", "theirs", "--role", "worker", "--role", "client", "--host", "127.0.0.1");

        using var head = Start("head", "--role", "coordinator", "--role", "server", "--out", folder.In("runs"));
        await head.UntilItPrintsAsync("node-started");
        var seed = Field(head, "node-started", "address");
        using var worker = Start("rack", "--role", "worker", "--seed", seed, "--name", "worker-a");

        // Whoever has no certificate, or one of another authority, or one for something else, is told so and gets nowhere.
        await Refused(2, "--role server: the certificate of 'rack' is only for worker", "node", "--certs", "certs/rack", "--role", "server", "--seed", seed);
        await Refused(2, "is not one of our authority's", "submit", job, "--certs", "theirs/mallory", "--seed", seed);
        await Refused(2, "the certificate of 'rack' does not allow it to be a client", "submit", job, "--certs", "certs/rack", "--seed", seed);
        await Refused(2, "no node of a cluster answers there", "submit", job, "--seed", seed);
        var port = int.Parse(seed[(seed.LastIndexOf(':') + 1)..], System.Globalization.CultureInfo.InvariantCulture);
        using var silent = new Connections(port, 500);
        Garbage(port);

        var ended = await TrainerProcess.RunAsync(
            folder.Path, "submit", job, "--certs", "certs/ann", "--seed", seed, "--set", "transport.same-host=tcp");

        Assert.True(ended.Code == 0, ended.Error);
        var run = new RunResult(Assert.Single(Directory.GetDirectories(folder.In("runs"))));
        Assert.Equal(local.WeightsSha256, run.WeightsSha256);
        Assert.Equal(local.TestLoss, run.TestLoss);
        Assert.Contains(":tcp+tls", Fields(run, "worker-ready").Single().GetProperty("links").GetString());
        Assert.Equal(["head", "rack"], Fields(run, "secured").Select(fields => fields.GetProperty("certificate").GetString()!).Order());
        Assert.Empty(Fields(run, "insecure"));
        // Told, but not for each of those who tried.
        Assert.InRange(Fields(run, "akka").Length, 1, 20);

        foreach (var node in (TrainerProcess[])[worker, head])
        {
            node.Signal(TrainerProcess.Terminate);
            var left = await node.EndAsync(TimeSpan.FromSeconds(60));
            Assert.Equal(0, left.Code);
            Assert.Empty(left.Error);
        }

        TrainerProcess Start(string certificate, params string[] arguments) =>
            TrainerProcess.Start(folder.Path, ["node", "--certs", $"certs/{certificate}", .. arguments]);

        async Task Refused(int code, string line, params string[] arguments)
        {
            var refused = await TrainerProcess.RunAsync(folder.Path, arguments);
            Assert.Contains(line, refused.Error);
            Assert.DoesNotContain('\n', refused.Error);
            Assert.Equal(code, refused.Code);
        }
    }

    [Theory]
    [InlineData("certs init --out there", "there/authority.key: is there already and is never written over")]
    [InlineData("certs issue a --role king", "--role: expected one of coordinator, server, worker, client, got 'king'")]
    [InlineData("certs issue a --role worker", "--host: expected the name or address that others reach a by; only a client needs none")]
    [InlineData("certs issue a/b --role client", "'a/b': expected a name of 1 to 64 letters, digits")]
    [InlineData("certs issue a --role client --authority nowhere", "nowhere/authority.key: no such file; 'trainer certs init --out nowhere' makes an authority there")]
    [InlineData("node --role coordinator --certs nowhere", "nowhere: no such folder; 'trainer certs issue' makes one with node.crt, node.key and authority.crt")]
    [InlineData("node --role coordinator --certs there", "there/node.crt: no such file; 'trainer certs' makes it")]
    [InlineData("node --role coordinator --config half.hocon", "half.hocon: trainer.tls.key: expected a file in PEM, as the other keys of this block have one, got nothing")]
    [InlineData("node --role coordinator --host 0.0.0.0", "0.0.0.0 is reached by other machines, so TLS is needed: --certs FOLDER")]
    [InlineData("node --role coordinator --certs there --insecure", "--insecure goes without TLS, --certs with it: expected one of them")]
    public async Task A_mistake_is_one_line_and_exit_code_2(string commandLine, string line)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.In("there"));
        folder.Write("there/authority.key", "");
        folder.Write("half.hocon", "trainer.tls.certificate = a.crt");
        var ended = await TrainerProcess.RunAsync(folder.Path, commandLine.Split(' '));
        Assert.StartsWith($"trainer: {line}", ended.Error);
        Assert.DoesNotContain('\n', ended.Error);
        Assert.Equal(2, ended.Code);
    }

    private static async Task Certs(TemporaryFolder folder, params string[] arguments)
    {
        var ended = await TrainerProcess.RunAsync(folder.Path, ["certs", .. arguments]);
        Assert.True(ended.Code == 0, ended.Error);
    }

    private static Task Issue(TemporaryFolder folder, string name, params string[] arguments) =>
        Certs(folder, ["issue", name, "--host", "127.0.0.1", .. arguments]);

    private static JsonElement[] Fields(RunResult run, string name) =>
        [.. run.Log.Where(line => line.GetProperty("event").GetString() == name).Select(line => line.GetProperty("fields"))];

    private static string Field(TrainerProcess node, string name, string field) => JsonDocument.Parse(node.Printed(name)).RootElement
        .GetProperty("fields").GetProperty(field).GetString()!;

    private static void Garbage(int port)
    {
        var random = new Random(1);
        for (var i = 0; i < 20; i++)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            socket.Connect(IPAddress.Loopback, port);
            var bytes = new byte[random.Next(1, 5000)];
            random.NextBytes(bytes);
            socket.Send(bytes);
        }
    }

    /// <summary>Connections that say nothing.</summary>
    private sealed class Connections : IDisposable
    {
        private readonly List<Socket> sockets = [];

        public Connections(int port, int count)
        {
            for (var i = 0; i < count; i++)
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                sockets.Add(socket);
                socket.Connect(IPAddress.Loopback, port);
            }
        }

        public void Dispose() => sockets.ForEach(socket => socket.Dispose());
    }
}
