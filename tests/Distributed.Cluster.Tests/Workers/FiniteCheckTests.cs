using Distributed.Cluster.Jobs;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Workers;
using Distributed.Learning;
using Distributed.Transport;
using static TorchSharp.torch;

namespace Distributed.Cluster.Tests.Workers;

/// <summary>Two linear layers, whose loss stays finite for one sample of the four while the gradient of the first layer overflows.</summary>
public sealed unsafe class FiniteCheckTests : IDisposable
{
    private const string JobText = """
        model { input = [2], layers = [ { type = linear, out = 1, bias = false }, { type = linear, out = 2, bias = false } ] }
        data { format = random, classes = 2, train = 4, test = 4 }
        optimizer { type = sgd, learning-rate = 0.1 }
        epochs = 9, batch = 4, slots = 2, workers = 1
        """;

    private readonly Job job = Job.Parse("finite.hocon", JobText, new JobOverrides());
    private readonly ParameterLayout layout;
    private readonly PrivateMemory even;
    private readonly PrivateMemory odd;
    private readonly PrivateMemory gradient;
    private readonly ModelReplica replica;
    private readonly SlotSampler sampler;

    public FiniteCheckTests()
    {
        set_num_threads(1);
        var module = job.Model.Build();
        layout = ParameterLayout.Of(module);
        even = new PrivateMemory(layout.Length * sizeof(float));
        odd = new PrivateMemory(layout.Length * sizeof(float));
        gradient = new PrivateMemory(layout.Length * sizeof(float));
        replica = new ModelReplica(module, layout, [(nint)even.Pointer, (nint)odd.Pointer], [(nint)gradient.Pointer]);
        sampler = new SlotSampler(4, job.Batch, job.Slots, job.Seed);
        foreach (var memory in new[] { even, odd })
        {
            var weights = new Span<float>(memory.Pointer, (int)layout.Length);
            weights.Slice((int)layout.Entries[0].Offset, 2).Fill(1e-38f);
            weights[(int)layout.Entries[1].Offset] = 20;
            weights[(int)layout.Entries[1].Offset + 1] = -20;
        }
    }

    public void Dispose()
    {
        replica.Dispose();
        even.Dispose();
        odd.Dispose();
        gradient.Dispose();
    }

    [Fact]
    public void A_gradient_that_overflowed_a_step_ago_is_named_with_its_slot_and_layer()
    {
        Spoil(odd, parameter: 1);
        var slot = SlotOfSample(2);

        var found = Assert.Throws<NotFiniteException>(() => Check([0, 1], 5));

        Assert.True(found.IsCause);
        Assert.Equal($"the gradient of 0.weight (layer 0, linear) is not finite in step 4, slot {slot}", found.Message);
    }

    [Fact]
    public void A_worker_whose_own_gradients_were_finite_is_not_taken_for_the_cause()
    {
        Spoil(odd, parameter: 1);

        var found = Assert.Throws<NotFiniteException>(() => Check([1 - SlotOfSample(2)], 5));

        Assert.False(found.IsCause);
        Assert.StartsWith("the weights of 1.weight (layer 1, linear) are not finite after step 4", found.Message, StringComparison.Ordinal);
        Assert.Equal(TrainingMessages.CauseRank.Consequence, MemberFailure.Describe(Guid.Empty, "worker-1", found).Rank);
    }

    [Fact]
    public void A_loss_that_is_not_finite_with_sound_weights_is_the_cause_itself()
    {
        var found = Assert.Throws<NotFiniteException>(() => Check([0, 1], 5));

        Assert.True(found.IsCause);
        Assert.Equal("the loss is not a number in step 5, slot 1; its gradient is finite", found.Message);
    }

    [Fact]
    public void A_finite_loss_passes()
    {
        using var data = new Samples();
        new FiniteCheck(job, [0, 1], 0, replica, data, sampler, job.Loss.Create()).Check(5, 1, new SlotResult(2, 1, 2, 1), 0);
    }

    private void Check(int[] slots, long step)
    {
        using var data = new Samples();
        new FiniteCheck(job, slots, 0, replica, data, sampler, job.Loss.Create()).Check(step, 1, new SlotResult(2, double.NaN, 2, 0), 0);
    }

    private int SlotOfSample(int sample) => sampler.Indices(4, 0).Contains(sample) ? 0 : 1;

    private void Spoil(PrivateMemory memory, int parameter) =>
        new Span<float>(memory.Pointer, (int)layout.Length)[(int)layout.Entries[parameter].Offset] = float.NaN;

    /// <summary>Sample 2 is near the largest float.</summary>
    private sealed class Samples : IDataSet
    {
        public int Count => 4;

        public IReadOnlyList<long> InputShape => [2];

        public int Classes => 2;

        public Batch Gather(ReadOnlySpan<int> indices)
        {
            var rows = indices.ToArray();
            var inputs = tensor(rows.SelectMany(row => row == 2 ? new[] { 3e38f, 0 } : [1f, 1]).ToArray(), [rows.Length, 2]);
            return new Batch(inputs.DetachFromDisposeScope(), ones(rows.Length, ScalarType.Int64).DetachFromDisposeScope(), rows.Length);
        }

        public void Dispose()
        {
        }
    }
}
