using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Security;

/// <summary>What is signed: each statement says all that its message has the power to do, as a list that no value can forge.</summary>
internal static class Statements
{
    /// <summary>A node offers itself for its roles.</summary>
    public static string Registers(MembershipMessages.NodeInfo node) => List(["register", node.Name, node.Address, .. node.Roles]);

    /// <summary>A client, or a coordinator for its own user, submits a job.</summary>
    public static string Submits(JobMessages.Submit job) => List(
        ["submit", job.JobName, Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(job.JobText))), job.OutFolder ?? "", job.Checkpoint ?? ""]);

    private static string List(string[] values) => JsonSerializer.Serialize(values);
}
