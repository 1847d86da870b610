using Distributed.Cluster.Succession;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Distributed.Cluster.Tests.Succession;

public class PartitionTests
{
    [Theory]
    // One coordinator: its side goes on, however many workers vanish.
    [InlineData("C", "wwww", true)]
    [InlineData("wwww", "C", false)]
    // Two: a lost one leaves most nodes behind, one that is cut off is alone.
    [InlineData("cwwss", "C", true)]
    [InlineData("C", "cwwss", false)]
    [InlineData("c", "Cwwss", false)]
    [InlineData("Cws", "cws", true)]
    [InlineData("cws", "Cws", false)]
    // Three: two of them go on.
    [InlineData("cc", "Cwwss", true)]
    [InlineData("Cwwss", "cc", false)]
    [InlineData("Ccww", "", true)]
    public void One_side_goes_on(string here, string there, bool goesOn) =>
        Assert.Equal(goesOn, Partition.Decide(Members(here, there)).GoesOn);

    [Fact]
    public void The_side_that_ends_says_why() => Assert.Equal(
        "this side has 1 of 4 nodes and 1 of 2 coordinators; as many coordinators on both sides, so the number of nodes decides",
        Partition.Decide(Members("C", "cws")).Why);

    [Property]
    public Property Of_two_sides_with_a_coordinator_somewhere_exactly_one_goes_on() => Prop.ForAll(
        Gen.Choose(0, 3).ListOf(8).ToArbitrary(),
        drawn =>
        {
            var members = drawn.Select((kind, age) => new PartitionMember(kind >= 2 || age == 3, age, kind % 2 == 0)).ToArray();
            var other = members.Select(member => member with { Here = !member.Here }).ToArray();
            return Partition.Decide(members).GoesOn != Partition.Decide(other).GoesOn;
        });

    /// <summary>A letter a node; the oldest coordinator is a capital one.</summary>
    private static PartitionMember[] Members(string here, string there) =>
        [.. Of(here, true).Concat(Of(there, false)).OrderBy(member => member.Age)];

    private static IEnumerable<PartitionMember> Of(string letters, bool side) =>
        letters.Select((letter, at) => new PartitionMember(char.ToLowerInvariant(letter) == 'c', letter == 'C' ? 0 : 1 + (2 * at) + (side ? 1 : 0), side));
}
