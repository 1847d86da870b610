using System.Globalization;
using System.Text.Json;
using Distributed.Cluster.Configuration;
using Distributed.Cluster.Protocol;
using Distributed.Learning;
using TorchSharp;

namespace Distributed.Cli.Benchmarks.Exchange;

/// <summary>A worker's process in the benchmark. It takes part in the exchange of several sizes, one at a time, as its parent says.</summary>
internal static class ExchangeWorker
{
    /// <summary>What is to be opened: a size's order for this worker and its servers.</summary>
    public sealed record Opening(TrainingMessages.Train Order, TrainingMessages.Lease Lease);

    /// <summary>Opens a size; answered by how each server is reached (a JSON list).</summary>
    public static string Open(Opening opening) => $"open {JsonSerializer.Serialize(opening)}";

    /// <summary>Exchanges the gradients of some steps of a size, counted from 0 in the order of opening; answered by the times.</summary>
    public static string Run(int size, int steps) => string.Create(CultureInfo.InvariantCulture, $"run {size} {steps}");

    /// <summary>Checks a size's weights; answered by what differs, or an empty line.</summary>
    public static string Check(int size) => string.Create(CultureInfo.InvariantCulture, $"check {size}");

    /// <summary>Answers a line with a line until the input ends.</summary>
    /// <param name="node">The worker's name.</param>
    /// <param name="cores">The cores that it computes on; none: any.</param>
    public static void Serve(string node, IReadOnlyList<int> cores, TextReader input, TextWriter output)
    {
        ComputeThread.KeepTo(cores);
        torch.set_num_threads(1);
        var deadlines = ClusterConfig.Load(null).Trainer.Deadlines;
        var sessions = new List<ExchangeSession>();
        try
        {
            while (input.ReadLine() is { } line)
            {
                output.WriteLine(Answer(line));
                output.Flush();
            }
        }
        finally
        {
            foreach (var session in sessions) session.Dispose();
        }

        string Answer(string line)
        {
            var words = line.Split(' ', 2);
            if (words[0] == "open")
            {
                var opening = JsonSerializer.Deserialize<Opening>(words[1])!;
                sessions.Add(new ExchangeSession(opening.Order, opening.Lease, node, deadlines));
                return JsonSerializer.Serialize(sessions[^1].Describe());
            }

            var numbers = words[1].Split(' ').Select(number => int.Parse(number, CultureInfo.InvariantCulture)).ToArray();
            return words[0] == "run" ? JsonSerializer.Serialize(sessions[numbers[0]].Run(numbers[1])) : sessions[numbers[0]].Problem() ?? "";
        }
    }
}
