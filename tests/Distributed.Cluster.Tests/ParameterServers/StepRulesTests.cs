using Distributed.Cluster.ParameterServers;
using FsCheck;
using FsCheck.Xunit;

namespace Distributed.Cluster.Tests.ParameterServers;

public class StepRulesTests
{
    /// <summary>Random pieces, late, early, twice, overlapping, of any term: what counts in the end is every slot once.</summary>
    [Property(MaxTest = 200)]
    public void Whatever_comes_in_whatever_order_every_slot_counts_once_and_the_sum_has_the_same_bits(PositiveInt size, int seed)
    {
        var slots = 1 + size.Get % 17;
        var random = new Random(seed);
        var nodes = Gradients.Nodes(SlotTree.Root(slots));
        var rules = new StepRules(slots, version: 5, term: 2);
        for (var version = 5L; version < 8; version++)
        {
            var accepted = new Dictionary<SlotRange, float>();
            var offered = new HashSet<int>();
            while (!rules.Complete)
            {
                var piece = nodes[random.Next(nodes.Count)];
                switch (random.Next(8))
                {
                    case 0:
                        Assert.Equal(Verdict.OlderTerm, rules.Offer(rules.Term - 1, version, piece));
                        break;
                    case 1:
                        Assert.Equal(Verdict.OlderVersion, rules.Offer(rules.Term, version - 1, piece));
                        break;
                    case 2:
                        Assert.Equal(Verdict.LaterVersion, rules.Offer(rules.Term, version + 1, piece));
                        break;
                    case 3:
                        var range = new SlotRange(random.Next(-1, slots + 1), random.Next(0, slots + 2));
                        if (!nodes.Contains(range))
                            Assert.Equal(Verdict.NotInTree, rules.Offer(rules.Term, version, range));
                        break;
                    default:
                        var term = random.Next(20) == 0 ? rules.Term + 1 : rules.Term;
                        var isNew = Enumerable.Range(piece.First, piece.Count).Any(slot => !offered.Contains(slot));
                        if (term > rules.Term)
                        {
                            // What older terms brought is dropped with them.
                            isNew = true;
                            offered.Clear();
                            accepted.Clear();
                        }

                        Assert.Equal(isNew ? Verdict.Accepted : Verdict.Duplicate, rules.Offer(term, version, piece));
                        if (!isNew)
                            break;
                        Assert.Equal(term, rules.Term);
                        offered.UnionWith(Enumerable.Range(piece.First, piece.Count));
                        accepted[piece] = Gradients.Sum(piece, seed, version, 0);
                        break;
                }

                Assert.Equal(version, rules.Version);
                Assert.Equal(Enumerable.Range(0, slots).Except(offered), rules.Missing);
                Assert.All(rules.Pieces.Zip(rules.Pieces.Skip(1)), pair => Assert.True(pair.First.End <= pair.Second.First));
            }

            // From here on the pieces stand still: a shard's thread reads them without a lock until it commits.
            Assert.All(nodes, node => Assert.Equal(Verdict.Duplicate, rules.Offer(rules.Term, version, node)));
            var expected = Gradients.Sum(SlotTree.Root(slots), seed, version, 0);
            Assert.Equal(BitConverter.SingleToInt32Bits(expected), BitConverter.SingleToInt32Bits(Sum(slots, rules.Pieces, accepted)));
            rules.Commit();
            Assert.Equal(version + 1, rules.Version);
            Assert.Equal(slots, rules.Missing.Count);
        }
    }

    [Fact]
    public void A_piece_whose_slots_are_all_in_as_smaller_ones_is_a_duplicate()
    {
        var rules = new StepRules(slots: 4, version: 0, term: 1);
        Assert.Equal(Verdict.Accepted, rules.Offer(1, 0, new(0, 1)));
        Assert.Equal(Verdict.Accepted, rules.Offer(1, 0, new(1, 1)));
        Assert.Equal(Verdict.Duplicate, rules.Offer(1, 0, new(0, 2)));
        Assert.Equal([new(0, 1), new(1, 1)], rules.Pieces);
    }

    [Fact]
    public void A_larger_piece_takes_the_place_of_a_part_of_it()
    {
        var rules = new StepRules(slots: 4, version: 0, term: 1);
        rules.Offer(1, 0, new(1, 1));
        Assert.Equal(Verdict.Accepted, rules.Offer(1, 0, new(0, 2)));
        Assert.Equal([new(0, 2)], rules.Pieces);
        Assert.Equal([2, 3], rules.Missing);
    }

    [Fact]
    public void Nothing_is_committed_while_a_slot_is_missing()
    {
        var rules = new StepRules(slots: 2, version: 7, term: 1);
        rules.Offer(1, 7, new(0, 1));
        Assert.Contains("lacks slots 1", Assert.Throws<InvalidOperationException>(rules.Commit).Message, StringComparison.Ordinal);
        Assert.Equal(7, rules.Version);
    }

    [Fact]
    public void A_lower_term_changes_nothing_and_a_higher_one_drops_what_is_in_of_a_version_that_is_not_complete()
    {
        var rules = new StepRules(slots: 2, version: 0, term: 3);
        rules.Offer(3, 0, new(0, 1));
        rules.RaiseTerm(2);
        Assert.Equal(3, rules.Term);
        Assert.Equal([1], rules.Missing);
        rules.RaiseTerm(4);
        Assert.Equal(Verdict.OlderTerm, rules.Offer(3, 0, new(1, 1)));
        Assert.Equal([0, 1], rules.Missing);
    }

    [Fact]
    public void A_higher_term_keeps_a_version_that_is_complete()
    {
        var rules = new StepRules(slots: 2, version: 0, term: 3);
        rules.Offer(3, 0, new(0, 2));
        rules.RaiseTerm(4);
        Assert.True(rules.Complete);
        Assert.Equal(Verdict.Duplicate, rules.Offer(4, 0, new(0, 1)));
        rules.Commit();
        Assert.Equal(1, rules.Version);
    }

    private static unsafe float Sum(int slots, IReadOnlyList<SlotRange> pieces, Dictionary<SlotRange, float> accepted)
    {
        var values = GC.AllocateArray<float>(pieces.Count, pinned: true);
        var inputs = new nint[pieces.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = accepted[pieces[i]];
            inputs[i] = (nint)(Gradients.Address(values) + i);
        }

        var tree = new TreeSum(slots, pieces);
        using var buffers = tree.Rent();
        return *(float*)tree.Run(inputs, 0, 1, buffers);
    }
}
