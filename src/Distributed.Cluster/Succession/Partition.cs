namespace Distributed.Cluster.Succession;

/// <summary>One node of a cluster in which some do not see each other.</summary>
/// <param name="Coordinates">Whether it has the role of a coordinator.</param>
/// <param name="Age">A number that grows from the oldest member to the youngest one.</param>
/// <param name="Here">Whether it is on the side of the node that decides.</param>
internal sealed record PartitionMember(bool Coordinates, int Age, bool Here);

/// <summary>Whether a side of a partition goes on, and why.</summary>
internal sealed record PartitionVerdict(bool GoesOn, string Why);

/// <summary>
/// Which of two sides that do not see each other goes on. Each side decides for itself by the same rules on the same members, so that of two
/// sides exactly one goes on:
/// the one with more coordinators; of as many on both, the one with more nodes; of as many nodes, too, the one with the oldest coordinator.
/// </summary>
/// <remarks>
/// Workers and servers can do nothing without a coordinator, so with a single one its side goes on, however many workers vanish at once. Of two
/// coordinators a killed one leaves the other with nearly all nodes, while one whose cable was cut is alone.
/// </remarks>
internal static class Partition
{
    /// <summary>What the side of the node that asks has to do.</summary>
    public static PartitionVerdict Decide(IReadOnlyCollection<PartitionMember> members)
    {
        var coordinators = Count(members.Where(member => member.Coordinates));
        var nodes = Count(members);
        if (coordinators.Here != coordinators.There)
            return Of(coordinators, coordinators.Here == 0 ? "no coordinator is on this side" : "the number of coordinators decides");
        if (nodes.Here != nodes.There)
            return Of(nodes, "as many coordinators on both sides, so the number of nodes decides");
        var oldest = members.Where(member => member.Coordinates).MinBy(member => member.Age);
        return new PartitionVerdict(
            oldest?.Here == true, $"{Sides()}; as many on both sides, so the oldest coordinator decides, which is {(oldest?.Here == true ? "here" : "there")}");

        PartitionVerdict Of((int Here, int There) sides, string why) => new(sides.Here > sides.There, $"{Sides()}; {why}");

        string Sides() => $"this side has {nodes.Here} of {nodes.Here + nodes.There} nodes and {coordinators.Here} of {coordinators.Here + coordinators.There} coordinators";
    }

    private static (int Here, int There) Count(IEnumerable<PartitionMember> members)
    {
        var (here, all) = (members.Count(member => member.Here), members.Count());
        return (here, all - here);
    }
}
