using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Distributed.EndToEnd.Tests;

/// <summary>Connections by the thousands that say a byte now and then, to both ports of a node that trains.</summary>
[Collection(Alone.Name)]
public sealed class SlowConnectionsTests : IDisposable
{
    private const long MostBytesTaken = 600L << 20;
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public Task Hundreds_of_slow_connections_to_either_port_cost_little_and_disturb_nothing() => HoldAsync(300);

    [Fact]
    [Trait("Category", "Slow")]
    public Task Ten_thousand_slow_connections_to_both_ports_cost_little_and_disturb_nothing() => HoldAsync(5_000);

    /// <param name="each">Connections to each of the two ports.</param>
    private async Task HoldAsync(int each)
    {
        var job = SmallJob.Write(folder, epochs: 100_000);
        await Deploy.CertsAsync(folder, "init");
        await Deploy.CertsAsync(folder, "issue", "all", "--host", "127.0.0.1", "--role", "coordinator", "--role", "server", "--role", "worker", "--role", "client");
        using var head = Node("head", "--role", "coordinator", "--role", "server", "--out", folder.In("runs"));
        await head.UntilItPrintsAsync("node-started");
        var seed = Field(head, "node-started", "address");
        using var worker = Node("worker-a", "--role", "worker", "--seed", seed);
        using var submitted = TrainerProcess.Start(
            folder.Path, "submit", job, "--certs", "certs/all", "--seed", seed, "--workers", "1", "--set", "transport.same-host=tcp");
        await submitted.UntilItPrintsAsync("epoch 1/");
        var before = MemoryOf(head.Id);

        using var control = new SlowConnections(Port(seed), each);
        using var data = new SlowConnections(Port(Field(head, "server-ready", "endpoint")), each);
        var step = await StepAsync();
        for (var rounds = 0; rounds < 5; rounds++)
        {
            control.SayAByte();
            data.SayAByte();
        }

        Assert.InRange(MemoryOf(head.Id) - before, long.MinValue, MostBytesTaken);
        // Training goes on while they stand.
        for (var since = Stopwatch.StartNew(); await StepAsync() < step + 50;)
            Assert.True(since.Elapsed < TrainerProcess.Patience, "no further steps were made");
        submitted.Signal(TrainerProcess.Interrupt);
        Assert.Equal(130, (await submitted.EndAsync(TrainerProcess.Patience)).Code);

        var log = new RunResult(Assert.Single(Directory.GetDirectories(folder.In("runs")))).Log;
        string[] names = [.. log.Select(entry => entry.GetProperty("event").GetString()!)];
        Assert.DoesNotContain("member-lost", names);
        Assert.DoesNotContain("regrouped", names);
        // Told, but not for each of them.
        Assert.InRange(names.Count(name => name == "link-refused"), 1, 32);
        Assert.InRange(names.Count(name => name == "akka"), 0, 40);

        async Task<long> StepAsync()
        {
            var answer = await TrainerProcess.RunAsync(folder.Path, "status", "--certs", "certs/all", "--seed", seed, "--json");
            Assert.True(answer.Code == 0, answer.Error);
            return JsonDocument.Parse(answer.Output).RootElement.GetProperty("run").GetProperty("progress").GetProperty("step").GetInt64();
        }

        TrainerProcess Node(string name, params string[] arguments) =>
            TrainerProcess.Start(folder.Path, ["node", "--name", name, "--certs", "certs/all", .. arguments]);
    }

    private static string Field(TrainerProcess node, string name, string field) =>
        JsonDocument.Parse(node.Printed($"\"{name}\"")).RootElement.GetProperty("fields").GetProperty(field).GetString()!;

    private static int Port(string address) => int.Parse(address[(address.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);

    private static long MemoryOf(int process) => 1024 * long.Parse(
        File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);

    private sealed class SlowConnections : IDisposable
    {
        private readonly List<Socket> sockets = [];

        public SlowConnections(int port, int count)
        {
            for (var i = 0; i < count; i++)
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                sockets.Add(socket);
                socket.Connect(IPAddress.Loopback, port);
            }
        }

        public void SayAByte()
        {
            foreach (var socket in sockets)
                try
                {
                    socket.Send([0x16]);
                }
                catch (SocketException)
                {
                    // The node has ended it, as it should.
                }
        }

        public void Dispose() => sockets.ForEach(socket => socket.Dispose());
    }
}
