using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Configuration;
using Distributed.Cluster.Nodes;
using Distributed.Learning;

namespace Distributed.Cluster.Tests;

public sealed class SeedListTests : IDisposable
{
    private static readonly Address Self = Address.Parse("akka.tcp://trainer@10.0.0.9:4053");

    private readonly string folder = Directory.CreateTempSubdirectory("seeds-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Named_nodes_are_asked_in_their_order() =>
        Assert.Equal(["10.0.0.5:4053", "head:1"], await Read(new SeedList(["10.0.0.5:4053", "head:1", "10.0.0.5:4053"], null, false, Names())));

    [Fact]
    public async Task Every_address_of_a_name_with_several_is_asked_after_the_name_itself() => Assert.Equal(
        ["nodes:4053", "one:4053", "10.0.0.7:4053", "10.0.0.8:4053", "[fd00::1]:4053"],
        await Read(new SeedList(["nodes:4053", "one:4053"], null, false, Names(("nodes", "fd00::1 10.0.0.8 10.0.0.7 10.0.0.9 10.0.0.8"), ("one", "10.0.0.1")))));

    [Fact]
    public async Task A_name_is_asked_for_again_and_may_be_unknown_at_first()
    {
        var known = false;
        var seeds = new SeedList(["nodes:1"], null, false, (host, _) => known
            ? Task.FromResult(new[] { IPAddress.Parse("10.0.0.1"), IPAddress.Parse("10.0.0.2") })
            : Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound)));
        Assert.Equal(["nodes:1"], await Read(seeds));
        known = true;
        Assert.Equal(["nodes:1", "10.0.0.1:1", "10.0.0.2:1"], await Read(seeds));
    }

    [Fact]
    public async Task A_file_is_read_each_time_and_may_be_missing_at_first()
    {
        var file = Path.Combine(folder, "seeds");
        var seeds = new SeedList([], file, true, Names());
        Assert.Empty(await Read(seeds));
        File.WriteAllText(file, "# the coordinator\n\n 10.0.0.1:4053   # rack 1\nhead:2\n");
        Assert.Equal(["10.0.0.1:4053", "head:2"], await Read(seeds));
        File.WriteAllText(file, "10.0.0.3:4053");
        Assert.Equal(["10.0.0.3:4053"], await Read(seeds));
        Assert.Equal("akka.ssl.tcp", Assert.Single(await seeds.ReadAsync(Self, default)).Protocol);
    }

    [Fact]
    public async Task A_line_that_is_no_node_is_named()
    {
        var file = Path.Combine(folder, "seeds");
        File.WriteAllText(file, "10.0.0.1:4053\nrack-2\n");
        var failure = await Assert.ThrowsAsync<BadInputException>(() => new SeedList([], file, false, Names()).ReadAsync(Self, default));
        Assert.Equal($"{file}:2: expected HOST:PORT of a node, got 'rack-2'", failure.Message);
    }

    [Fact]
    public async Task A_node_is_in_its_own_list_only_where_it_comes_first()
    {
        Assert.Equal(["10.0.0.9:4053", "head:1"], await Read(new SeedList(["10.0.0.9:4053", "head:1"], null, false, Names())));
        Assert.Equal(["head:1"], await Read(new SeedList(["head:1", "10.0.0.9:4053"], null, false, Names())));
    }

    [Fact]
    public void Seeds_take_the_place_of_those_in_files_and_none_leaves_them()
    {
        var akka = ConfigurationFactory.ParseString("akka.cluster.seed-nodes = [\"akka.tcp://trainer@head:1\"]");
        Assert.Empty(new SeedList(["other:1"], null, false).Over(akka).GetStringList("akka.cluster.seed-nodes"));
        Assert.Single(new SeedList([], null, false).Over(akka).GetStringList("akka.cluster.seed-nodes"));
    }

    [Fact]
    public void It_is_named_as_it_was_given()
    {
        Assert.Equal("--seed a:1, b:2", $"{new SeedList(["a:1", "b:2"], null, false)}");
        Assert.Equal("--seed-file seeds", $"{new SeedList([], "seeds", false)}");
        Assert.Equal("--seed a:1 and --seed-file seeds", $"{new SeedList(["a:1"], "seeds", false)}");
    }

    private static async Task<string[]> Read(SeedList seeds) => [.. (await seeds.ReadAsync(Self, default)).Select(node => $"{node.Host}:{node.Port}")];

    private static Func<string, CancellationToken, Task<IPAddress[]>> Names(params (string Name, string Addresses)[] names) => (host, _) =>
        Task.FromResult(names.Where(name => name.Name == host).SelectMany(name => name.Addresses.Split(' ').Select(IPAddress.Parse)).ToArray());
}
