using Akka.Actor;
using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Security;

/// <summary>Whether a node that offers itself is what it says.</summary>
internal static class Registrations
{
    /// <summary>Why a node is refused; null where it is not.</summary>
    /// <param name="self">The address of the node that judges.</param>
    public static string? Problem(MembershipMessages.Register register, Credentials credentials, Address self)
    {
        var node = register.Node;
        if (!credentials.Asked)
            return null;
        if (node.Name.Length is 0 or > 128 || node.Roles.Length is 0 or > 8)
            return "its name or roles have a length that no node has";
        // Orders go to this actor: it must live where the node says that it does.
        var actor = node.Actor.Path.Address is { HasGlobalScope: true } remote ? remote : self;
        if (!Address.TryParse(node.Address, out var address) || !actor.Equals(address))
            return $"it gives the address {node.Address} and an actor at {actor}";
        return credentials.Problem(register.Credential, Statements.Registers(node), address.Host, mustBeFresh: false, node.Roles);
    }
}
