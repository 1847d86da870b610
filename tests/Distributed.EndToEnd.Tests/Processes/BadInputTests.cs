using System.Net;
using System.Net.Sockets;

namespace Distributed.EndToEnd.Tests;

/// <summary>What is wrong from the start is told in one line, before any other process starts.</summary>
public class BadInputTests
{
    [Theory]
    [InlineData("local nowhere.hocon", "no job 'nowhere.hocon': no such file, and the jobs that ship are ")]
    [InlineData("local digitz", "no job 'digitz': no such file, and the jobs that ship are ")]
    [InlineData("local small.hocon --set optimizer.momentun=0.5", "small.hocon: optimizer.momentun: unknown key; did you mean 'momentum'?")]
    [InlineData("local small.hocon --set batch=130", "small.hocon: batch: 130 samples do not divide into 4 slots; nearest that do: 128 and 132")]
    [InlineData("local small.hocon --workers 5", "small.hocon: workers: 5 workers but only 4 slots")]
    [InlineData("local small.hocon --set epochs", "--set: expected path=value (such as optimizer.learning-rate=0.01), got 'epochs'")]
    [InlineData("local small.hocon --set epochs=many", "small.hocon: epochs: expected a whole number from 1 to 1000000, got 'many'")]
    [InlineData("local small.hocon --set model.input=[3,28,28]", "small.hocon: model.input: expected [1, 28, 28], the shape of a sample of this data, got [3, 28, 28]")]
    [InlineData("local small.hocon --set model.layers=[flatten,{type=linear,out=9}]", "small.hocon: model.layers: expected 10 scores to come out, one for each class of the data, got [9]")]
    [InlineData("local small.hocon --data nowhere", "--data nowhere: no such folder")]
    [InlineData("local mnist-cnn --data .", ".: expected a folder mnist or mnist8k with train-images-idx3-ubyte")]
    [InlineData("local small.hocon --out small.hocon", "--out small.hocon: expected a folder that can be written to")]
    [InlineData("local small.hocon --config small.hocon", "small.hocon: seed: unknown key; known here: akka, trainer")]
    [InlineData("local small.hocon --config actors.hocon", "actors.hocon: 'akka.actor.provider' is not a valid type name : 'clutser'")]
    [InlineData("local small.hocon --wrokers 2", "unknown option '--wrokers'; did you mean '--workers'? (see 'trainer local --help')")]
    [InlineData("node --role worker", "--role worker needs --seed HOST:PORT of the cluster to join")]
    [InlineData("node --role coordinator --host 192.0.2.1", "--host 192.0.2.1: no network interface of this machine has that address")]
    [InlineData("bench exchange --sizes 4KB,huge", "--sizes: expected sizes from 64B to 4GB such as 4KB,40MB (bytes) or 535818 (parameters; above 16777216 multiples of 64), separated by commas, got '4KB,huge'")]
    [InlineData("bench exchange --transport udp", "--transport: expected auto or tcp, got 'udp'")]
    [InlineData("bench exchange --optimizer lamb", "--optimizer: expected sgd or adam, got 'lamb'")]
    [InlineData("bench scaling --workers 1,many", "--workers: expected numbers from 1 to 64 such as 1,2,4, got '1,many'")]
    [InlineData("bench step huge", "no model 'huge' to measure: known are big, cnn, ")]
    [InlineData("bench growth mlp --set nonsense=1", "mlp.hocon: nonsense: unknown key; known here: backups, ")]
    [InlineData("bench step mlp --peer gloo", "--peer: expected ddp, got 'gloo'")]
    [InlineData("bench step mlp --peer ddp --peer-script nowhere.py", "--peer-script nowhere.py: no such file")]
    [InlineData("submit small.hocon --seed 127.0.0.1:9", "--seed 127.0.0.1:9: no node of a cluster answers there")]
    public async Task A_mistake_is_one_line_and_exit_code_2(string commandLine, string line)
    {
        using var folder = new TemporaryFolder();
        SmallJob.Write(folder);
        folder.Write("actors.hocon", "akka.actor.provider = clutser");
        await Refused(folder, line, commandLine.Split(' '));
    }

    [Fact]
    public async Task A_mistake_in_a_file_names_file_and_line()
    {
        using var folder = new TemporaryFolder();
        folder.Write("open.hocon", "seed = 1\nmodel {\n  input = [1]\n");
        await Refused(folder, "open.hocon: line 4: the section opened in line 2 is not closed: expected '}'", "local", "open.hocon");
    }

    [Fact]
    public async Task A_busy_port_is_told_before_the_node_starts()
    {
        using var folder = new TemporaryFolder();
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        await Refused(folder, $"port {port} on 127.0.0.1 is in use", "node", "--role", "coordinator", "--port", $"{port}");
    }

    [Fact]
    public async Task A_node_that_no_cluster_lets_in_says_so()
    {
        using var folder = new TemporaryFolder();
        folder.Write("hasty.hocon", "akka.cluster.shutdown-after-unsuccessful-join-seed-nodes = 2s");
        var ended = await TrainerProcess.RunAsync(
            folder.Path, "node", "--role", "worker", "--name", "worker-7", "--seed", "127.0.0.1:9", "--config", "hasty.hocon");
        Assert.Equal(2, ended.Code);
        Assert.StartsWith("trainer: --seed 127.0.0.1:9: no cluster there let worker-7 in within ", ended.Error);
    }

    private static async Task Refused(TemporaryFolder folder, string line, params string[] arguments)
    {
        var before = Directory.GetFileSystemEntries(folder.Path).Order().ToArray();
        using var trainer = TrainerProcess.Start(folder.Path, arguments);
        var ended = await trainer.EndAsync(TrainerProcess.Patience);
        Assert.StartsWith($"trainer: {line}", ended.Error);
        Assert.DoesNotContain('\n', ended.Error);
        Assert.Equal(2, ended.Code);
        // The first thing that is shown is that nodes are awaited.
        Assert.Empty(ended.Output);
        Assert.Empty(trainer.Children());
        Assert.Equal(before, Directory.GetFileSystemEntries(folder.Path).Order());
    }
}
