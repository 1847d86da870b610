using System.Diagnostics;
using Distributed.Cluster.Configuration;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Workers;
using Distributed.Learning;
using Distributed.Transport;
using TorchSharp;
using TorchSharp.Modules;

namespace Distributed.Cli.Benchmarks.Exchange;

/// <summary>When a worker's steps began (its gradient was in place) and ended (the new weights were), by the host's monotonic clock in ns.</summary>
internal sealed record ExchangeTimes(long[] Begun, long[] Ended);

/// <summary>A worker's part in the exchange of one size: its links and gradient buffers, as in training, and no compute between.</summary>
internal sealed unsafe class ExchangeSession : IDisposable
{
    /// <summary>Far beyond any exchange.</summary>
    private static readonly TimeSpan StepBound = TimeSpan.FromMinutes(1);

    private readonly Job job;
    private readonly TrainingMessages.Lease lease;
    private readonly ParameterLayout layout;
    private readonly VersionGate gate;
    private readonly ServerLinks links;
    private readonly IReadOnlyList<SlotRange> pieces;
    private readonly GradientValues[] values;
    private readonly ProgressMessages.SlotReport[][] figures;
    private long version;

    public ExchangeSession(TrainingMessages.Train order, TrainingMessages.Lease lease, string node, Deadlines deadlines)
    {
        this.lease = lease;
        job = Job.Parse("exchange", order.JobText, new JobOverrides());
        using (var module = job.Model.Build(job.Seed)) layout = ParameterLayout.Of(module);
        gate = new VersionGate(lease.Servers.Shards.Length);
        links = new ServerLinks(job, lease, order.Secret, node, layout, job.Batch, gate, deadlines.Handshake);
        pieces = SlotTree.Pieces(job.Slots, lease.Slots.Contains);
        figures = [.. pieces.Select(piece => Enumerable.Range(piece.First, piece.Count)
            .Select(slot => new ProgressMessages.SlotReport(slot, 1, 0, 1, 0)).ToArray())];
        values = [.. pieces.Select(piece => new GradientValues(piece.First, piece.Count))];
        gate.WaitFor(0, deadlines.Prepare);
    }

    /// <summary>How the servers are reached.</summary>
    public string[] Describe() => links.Describe();

    /// <summary>Exchanges so many gradients. Writing them is not timed: that is backward's part of a step.</summary>
    public ExchangeTimes Run(int steps)
    {
        var times = new ExchangeTimes(new long[steps], new long[steps]);
        for (var step = 0; step < steps; step++)
        {
            for (var i = 0; i < pieces.Count; i++) values[i].Write(links.Gradients[i], layout.Length, version);
            times.Begun[step] = Stopwatch.GetTimestamp();
            for (var i = 0; i < pieces.Count; i++)
            {
                links.SendFigures(lease.Term, version, pieces[i], figures[i]);
                links.SendGradient(lease.Term, version, pieces[i], i, 0, links.Floats);
            }

            gate.WaitFor(++version, StepBound);
            times.Ended[step] = Stopwatch.GetTimestamp();
        }

        return times;
    }

    /// <summary>
    /// Computes all updates once more by <c>torch.optim</c>, from the same initial weights, and compares every bit with what has come.
    /// </summary>
    /// <returns>Null, or what differs.</returns>
    public string? Problem()
    {
        using var module = job.Model.Build(job.Seed);
        using var sums = new GradientValues(0, job.Slots);
        using var room = new PrivateMemory(GradientValues.Period * sizeof(float));
        var weights = (float*)room.Pointer;
        var got = (float*)links.Weights[(int)(version & 1)];
        for (var start = 0L; start < layout.ParameterCount; start += GradientValues.Period)
        {
            var count = Math.Min(GradientValues.Period, layout.ParameterCount - start);
            ModelReplica.CopyInitialWeights(module, layout, (nint)weights, start, count);
            using (var expected = FlatTensor.Wrap((nint)weights, count)) Replay(expected, sums);
            for (var i = 0; i < count; i++)
                if (BitConverter.SingleToInt32Bits(weights[i]) != BitConverter.SingleToInt32Bits(got[start + i]))
                    return $"weight {start + i} is {got[start + i]:R} instead of {weights[i]:R} after {version} updates";
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        links.Dispose();
        foreach (var table in values) table.Dispose();
    }

    private void Replay(torch.Tensor weights, GradientValues sums)
    {
        // A parameter takes its tensor over.
        var count = weights.numel();
        using var parameter = new Parameter(weights);
        using OptimizerHelper optimizer = job.Optimizer.Type == "sgd"
            ? torch.optim.SGD([parameter], job.Optimizer.LearningRate, job.Optimizer.Momentum)
            : torch.optim.Adam([parameter], job.Optimizer.LearningRate, job.Optimizer.Beta1, job.Optimizer.Beta2, job.Optimizer.Epsilon);
        for (var done = 0L; done < version; done++)
        {
            using var gradient = FlatTensor.Wrap((nint)sums.At(done), count);
            parameter.grad = gradient;
            optimizer.step();
        }
    }
}
