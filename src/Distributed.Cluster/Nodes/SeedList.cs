using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Configuration;
using Distributed.Cluster.Configuration;
using Distributed.Learning;

namespace Distributed.Cluster.Nodes;

/// <summary>
/// The nodes that a joining node asks: those that were named, every address of a name that has several, and the lines of a file. All of it is looked at
/// again until the node is in, since names and files are filled while a cluster comes up.
/// </summary>
/// <param name="named">Nodes as <c>host:port</c>.</param>
/// <param name="file">A file with a node a line, blank lines and what follows a <c>#</c> apart; null for none. Where there is none yet, it is waited for.</param>
/// <param name="tls">Whether the cluster speaks TLS.</param>
/// <param name="resolve">The addresses of a name; null asks the system.</param>
internal sealed class SeedList(
    IReadOnlyList<string> named, string? file, bool tls, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
{
    /// <summary>How long until names and file are looked at again.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(2);

    /// <summary>How long a name may take; without an answer Akka is given the name alone.</summary>
    private static readonly TimeSpan NameBound = TimeSpan.FromSeconds(5);

    private readonly Func<string, CancellationToken, Task<IPAddress[]>> resolve = resolve ?? Dns.GetHostAddressesAsync;

    private bool IsEmpty => named.Count == 0 && file is null;

    /// <summary>The configuration of Akka under this list: what is named here takes the place of the seeds in files, and is joined by <see cref="JoinAsync"/>.</summary>
    public Config Over(Config akka) => IsEmpty ? akka : ConfigurationFactory.ParseString("akka.cluster.seed-nodes = []").WithFallback(akka);

    /// <summary>Joins a cluster, and begins again with every change of the list, until <paramref name="joined"/>. Without any seed the node founds a cluster.</summary>
    /// <exception cref="BadInputException">The file can't be read, or a line of it is no node.</exception>
    public async Task JoinAsync(Akka.Cluster.Cluster cluster, Task joined, CancellationToken cancellation)
    {
        if (IsEmpty)
        {
            if (cluster.Settings.SeedNodes.Count == 0)
                cluster.Join(cluster.SelfAddress);
            await joined.WaitAsync(cancellation);
            return;
        }

        IReadOnlyList<Address> tried = [];
        while (!joined.IsCompleted)
        {
            var found = await ReadAsync(cluster.SelfAddress, cancellation);
            if (found.Count > 0 && !found.SequenceEqual(tried))
            {
                cluster.JoinSeedNodes(found);
                tried = found;
            }

            await Task.WhenAny(joined, Task.Delay(Again, cancellation));
            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>
    /// The list as it is now, each node once: those of the command line and of the file in their order, then the addresses of their names. The joining node
    /// itself is in it only where it comes first: then it founds the cluster, if none of the others answers.
    /// </summary>
    /// <param name="self">The address of the joining node.</param>
    /// <exception cref="BadInputException">The file can't be read, or a line of it is no node.</exception>
    public async Task<IReadOnlyList<Address>> ReadAsync(Address self, CancellationToken cancellation)
    {
        var seeds = named.Concat(Lines()).ToArray();
        var nodes = seeds.Select(Node).ToList();
        foreach (var seed in seeds)
        {
            var colon = seed.LastIndexOf(':');
            // Of a name with one address the name will do: it is what the node there calls itself.
            if (await AddressesAsync(seed[..colon], cancellation) is { Length: > 1 } several)
                nodes.AddRange(several.Select(address => Node($"{Host(address)}{seed[colon..]}")).Where(node => !node.Equals(self)));
        }

        return [.. nodes.Distinct().Where((node, index) => index == 0 || !node.Equals(self))];
    }

    /// <summary>The options that it came from, for messages.</summary>
    public override string ToString() => string.Join(
        " and ", new[] { named.Count > 0 || file is null ? $"--seed {string.Join(", ", named)}" : null, file is null ? null : $"--seed-file {file}" }
            .Where(part => part is not null));

    private static string Host(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : $"{address}";

    private Address Node(string seed) => Address.Parse(ClusterConfig.SeedAddress(seed, tls));

    private async Task<IPAddress[]> AddressesAsync(string host, CancellationToken cancellation)
    {
        if (IPAddress.TryParse(host, out _))
            return [];
        try
        {
            var found = await resolve(host, cancellation).WaitAsync(NameBound, cancellation);
            return [.. found.Distinct().OrderBy(address => address.AddressFamily).ThenBy(address => Convert.ToHexString(address.GetAddressBytes()), StringComparer.Ordinal)];
        }
        catch (Exception exception) when (exception is SocketException or TimeoutException or ArgumentException)
        {
            // A name of nodes that have yet to come: it is asked for again.
            return [];
        }
    }

    private IEnumerable<string> Lines()
    {
        if (file is null || !File.Exists(file))
            return [];
        string[] lines;
        try
        {
            lines = File.ReadAllLines(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"--seed-file {file}: {exception.Message}", exception);
        }

        return lines.Select((line, index) => (Text: line.Split('#')[0].Trim(), Number: index + 1)).Where(line => line.Text.Length > 0).Select(line =>
        {
            try
            {
                _ = ClusterConfig.SeedAddress(line.Text, tls);
                return line.Text;
            }
            catch (BadInputException exception)
            {
                throw new BadInputException($"{file}:{line.Number}: expected HOST:PORT of a node, got '{line.Text}'", exception);
            }
        });
    }
}
