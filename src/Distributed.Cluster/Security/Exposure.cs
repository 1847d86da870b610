using System.Net;

namespace Distributed.Cluster.Security;

/// <summary>Whether other machines reach a node.</summary>
internal static class Exposure
{
    /// <summary>Whether an address, or a name, is this machine's own loopback. A name counts as one only where it is <c>localhost</c>.</summary>
    public static bool IsLoopback(string host) =>
        IPAddress.TryParse(host, out var address) ? IPAddress.IsLoopback(address) : host.Equals("localhost", StringComparison.OrdinalIgnoreCase);

    /// <summary>What is said where a node would be open to its network without being told to.</summary>
    public static string Refusal(string host) =>
        $"{host} is reached by other machines, so TLS is needed: --certs FOLDER ('trainer certs' makes it), or --insecure where everybody in the network is trusted";
}
