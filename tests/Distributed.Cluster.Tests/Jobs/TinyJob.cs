using Distributed.Cluster.Jobs;

namespace Distributed.Cluster.Tests.Jobs;

/// <summary>The smallest job there is.</summary>
internal static class TinyJob
{
    public const string Text = """
        name = tiny
        seed = 3
        model { input = [4], layers = [ { type = linear, out = 3 } ] }
        data { format = random, classes = 3, train = 12, test = 5 }
        optimizer { type = sgd, learning-rate = 0.1 }
        epochs = 1
        batch = 4
        """;

    public static Job With(params string[] sets) => Job.Parse("tiny.hocon", Text, new JobOverrides(Sets: sets));
}
