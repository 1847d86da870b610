using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Distributed.Cli.Benchmarks.Limits;
using Distributed.Cluster.Launching;
using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;
using Distributed.Learning;

namespace Distributed.Cli.Benchmarks.Exchange;

/// <summary>
/// Measures the exchange alone (gradients pushed, summed, the update, weights back) with worker and server processes that go through the code
/// of training, and in turn with it what the machine itself takes for the same.
/// </summary>
internal sealed class ExchangeBenchmark : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(10);

    private readonly ExchangeShape shape;
    private readonly CoreReservation cores;
    private readonly List<BenchProcess> servers = [];
    private readonly List<BenchProcess> workers = [];
    private readonly int[] computing;

    /// <summary>Starts the processes.</summary>
    public ExchangeBenchmark(OwnProgram program, ExchangeShape shape)
    {
        this.shape = shape;
        cores = CoreReservation.Of(shape.Workers);
        computing = [.. Enumerable.Range(0, shape.Workers).SelectMany(worker => cores.Of(worker, 1))];
        for (var number = 1; number <= shape.Servers; number++)
            servers.Add(BenchProcess.Start(program, $"server-{number}", 1, "exchange-server", $"server-{number}"));
        for (var number = 1; number <= shape.Workers; number++)
            workers.Add(BenchProcess.Start(program, $"worker-{number}", 1, "exchange-worker", $"worker-{number}", string.Join(',', cores.Of(number - 1, 1))));
    }

    /// <summary>Ends the processes at once, for a user who insists.</summary>
    public void KillAll()
    {
        foreach (var process in (BenchProcess[])[.. servers, .. workers]) process.Kill();
    }

    /// <summary>Measures some sizes.</summary>
    /// <param name="rounds">How often all sizes are measured in turn.</param>
    /// <param name="told">Hears of every measurement.</param>
    /// <exception cref="InvalidOperationException">A weight is not what it must be.</exception>
    public async Task<IReadOnlyList<ExchangeFigures>> RunAsync(
        IReadOnlyList<BenchSize> sizes, int rounds, Action<string> told, CancellationToken cancellation)
    {
        var links = new List<string[]>();
        foreach (var size in sizes) links.Add(await OpenAsync(size, cancellation));
        using var limits = ExchangeLimits.For(shape, sizes, computing);
        var samples = sizes.Select(_ => new List<ExchangeSample>()).ToArray();
        // The first round warms everything up and is not counted.
        for (var round = 0; round <= rounds; round++)
        {
            for (var i = 0; i < sizes.Count; i++)
            {
                var sample = new ExchangeSample(await ExchangeAsync(i, StepsOf(sizes[i]), cancellation), limits.Measure(sizes[i]));
                if (round == 0) continue;
                samples[i].Add(sample);
                told(string.Create(CultureInfo.InvariantCulture,
                    $"{sizes[i].Parameters} parameters: round {round} of {rounds}: {Spread.MedianOf(sample.Steps):F3} ms, {Beside(limits.Names, sample.Limits)}"));
            }
        }

        for (var i = 0; i < sizes.Count; i++)
            foreach (var problem in await AskAllAsync(ExchangeWorker.Check(i), cancellation))
                if (problem.Length > 0) throw new InvalidOperationException($"{sizes[i].Parameters} parameters: {problem}");
        return [.. sizes.Select((size, i) => ExchangeFigures.Of(size, shape, links[i], limits.Names, samples[i]))];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Servers first: a worker's end is a failure to them.
        foreach (var process in servers) process.Dispose();
        foreach (var process in workers) process.Dispose();
        cores.Dispose();
    }

    /// <summary>Exchanges of one measurement: about a third of a second's, within bounds.</summary>
    internal static int StepsOf(BenchSize size) => (int)Math.Clamp(1_000_000_000 / size.Bytes, 5, 500);

    private static string Beside(IReadOnlyList<string> names, IReadOnlyList<double> values) => string.Join(
        ", ", names.Zip(values, (name, value) => string.Create(CultureInfo.InvariantCulture, $"{name} {value:F3} ms")));

    private async Task<string[]> OpenAsync(BenchSize size, CancellationToken cancellation)
    {
        var job = shape.JobFor(size);
        ParameterLayout layout;
        using (var module = job.Model.Build(job.Seed)) layout = ParameterLayout.Of(module);
        var (id, secret) = (Guid.NewGuid(), RandomNumberGenerator.GetBytes(32));
        var shards = ShardPlan.Cut(layout.TrainableLength, shape.Servers, Environment.ProcessorCount, layout.Length - layout.TrainableLength)
            .Select(shard => new TrainingMessages.ShardDescription(shard.Shard, shard.Server, shard.Offset, shard.Length)).ToArray();
        var served = await Task.WhenAll(servers.Select((server, i) => server.AskAsync(
            JsonSerializer.Serialize(new TrainingMessages.Serve(
                id, job.Text, secret, 1, 0, layout.Hash, [.. shards.Where(shard => shard.Server == i)])), Bound, cancellation)));
        var connect = new TrainingMessages.Connect(
            id, layout.Hash, [.. served.Select(line => JsonSerializer.Deserialize<TrainingMessages.ServerDescription>(line)!)], shards);
        var linked = await Task.WhenAll(workers.Select((worker, i) => worker.AskAsync(
            ExchangeWorker.Open(new(
                new TrainingMessages.Train(id, job.Text, secret), new TrainingMessages.Lease(id, 1, [i], 0, Evaluate: false, connect))), Bound, cancellation)));
        return JsonSerializer.Deserialize<string[]>(linked[0])!;
    }

    private async Task<IReadOnlyList<double>> ExchangeAsync(int size, int steps, CancellationToken cancellation) => ExchangeFigures.Milliseconds(
        [.. (await AskAllAsync(ExchangeWorker.Run(size, steps), cancellation)).Select(answer => JsonSerializer.Deserialize<ExchangeTimes>(answer)!)]);

    private Task<string[]> AskAllAsync(string line, CancellationToken cancellation) =>
        Task.WhenAll(workers.Select(worker => worker.AskAsync(line, Bound, cancellation)));
}
