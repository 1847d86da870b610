using System.Text;

namespace Distributed.EndToEnd.Tests;

/// <summary>Jobs whose training takes a second. 500 samples in batches of 32: the last batch of an epoch is a partial one.</summary>
internal static class SmallJob
{
    public const string Momentum = "{ type = sgd, learning-rate = 0.05, momentum = 0.9 }";
    public const string InBfloat16 = "\nprecision = bf16";
    /// <summary>Whatever makes shards, workers or the coordinator depend on each other or on the past: norms of all shards, bfloat16, rates that follow evaluations.</summary>
    public const string Everything = """
        { type = sgd, learning-rate = 0.05, momentum = 0.9, clip-norm = 1, schedule { type = reduce-on-plateau, factor = 0.7, patience = 0, threshold = 0.2 } }
        precision = bf16
        evaluation.every-steps = 12
        """;

    public const string Adam = "{ type = adam, learning-rate = 0.002 }";

    private const string Cnn = """
        [
            { type = conv2d, out = 4, kernel = 3, padding = 1 }, relu, { type = max-pool, kernel = 4 }, flatten,
            { type = linear, out = 32 }, relu, { type = dropout, p = 0.25 }, { type = linear, out = 10 }
          ]
        """;

    private const string Norm = """
        [
            { type = conv2d, out = 4, kernel = 3, padding = 1 }, batch-norm, relu, { type = max-pool, kernel = 4 }, flatten, { type = linear, out = 10 }
          ]
        """;

    private const string Mlp = "[flatten, { type = linear, out = 24 }, tanh, { type = linear, out = 10 }]";

    public static string Write(TemporaryFolder folder, string model = "cnn", string optimizer = Momentum, int epochs = 2, int slots = 4) =>
        folder.Write("small.hocon", new StringBuilder()
            .AppendLine("seed = 7")
            .AppendLine($"model {{ input = [1, 28, 28], layers = {(model switch { "cnn" => Cnn, "norm" => Norm, _ => Mlp })} }}")
            .AppendLine("data { format = digits, train = 500, test = 600 }")
            .AppendLine("loss = cross-entropy")
            .AppendLine($"optimizer {optimizer}")
            .AppendLine($"epochs = {epochs}")
            .AppendLine("batch = 32")
            .AppendLine($"slots = {slots}")
            .AppendLine("workers = 1")
            .ToString());
}
