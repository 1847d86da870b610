using System.Text;

namespace Distributed.Cluster.Tests.Coordination.Protocol;

/// <summary>What was walked through.</summary>
/// <param name="States">Different ones.</param>
/// <param name="Moves">Those from one state to another.</param>
/// <param name="Ends">States in which nothing has to happen any more.</param>
/// <param name="Depth">Moves to the farthest state.</param>
internal sealed record Explored(int States, long Moves, int Ends, int Depth);

/// <summary>Walks through all states of a world, those with fewest moves first, so that the story of a violation is a shortest one.</summary>
internal static class Explorer
{
    /// <exception cref="ViolationException">An invariant does not hold; the message tells how it came to that.</exception>
    public static Explored Explore(Scenario scenario)
    {
        var first = new World(scenario);
        var known = new HashSet<string> { first.Key() };
        var story = new List<(int Before, Move Move)> { (-1, default) };
        var open = new Queue<(World World, int At, int Depth)>();
        open.Enqueue((first, 0, 0));
        var (moves, ends, depth) = (0L, 0, 0);
        while (open.TryDequeue(out var next))
        {
            depth = next.Depth;
            Move? last = null;
            try
            {
                var enabled = next.World.Moves();
                if (!enabled.Exists(next.World.MustCome))
                {
                    ends++;
                    next.World.CheckEnd();
                }

                foreach (var move in enabled)
                {
                    last = move;
                    moves++;
                    var world = new World(next.World);
                    world.Make(move);
                    if (!known.Add(world.Key()))
                        continue;
                    story.Add((next.At, move));
                    open.Enqueue((world, story.Count - 1, next.Depth + 1));
                }
            }
            catch (Exception exception) when (exception is ViolationException or InvalidOperationException)
            {
                // The protocol's own classes say so of what must not be, too.
                throw new ViolationException($"{exception.Message}\nafter{Tell(story, next.At)}\n  {last}", exception);
            }
        }

        return new Explored(known.Count, moves, ends, depth);
    }

    private static string Tell(List<(int Before, Move Move)> story, int at)
    {
        var text = new StringBuilder();
        for (; at > 0; at = story[at].Before)
            text.Insert(0, $"\n  {story[at].Move}");
        return text.ToString();
    }
}
