using Distributed.Cluster.Workers;
using Distributed.Learning;
using TorchSharp;

namespace Distributed.Cluster.Tests.Workers;

public sealed class SlotInputTests : IDisposable
{
    private readonly CountingData data = new(10);
    private readonly SlotSampler sampler;
    private readonly SlotInput input;

    public SlotInputTests()
    {
        // Batches of 4, 4 and 2 samples in 4 slots: the last leaves two slots without any.
        sampler = new SlotSampler(samples: 10, batch: 4, slots: 4, seed: 1);
        input = new SlotInput(data, sampler, [1, 3]);
    }

    public void Dispose() => input.Dispose();

    [Fact]
    public void A_step_is_gathered_once_and_has_the_samplers_samples()
    {
        input.Prepare(1);
        input.Prepare(1);
        Assert.Equal(2, data.Gathered.Count);
        Assert.Equal(sampler.Indices(1, 1).ToArray(), data.Gathered[0].Indices);
        Assert.Equal(sampler.Indices(1, 3).ToArray(), data.Gathered[1].Indices);
        Assert.Same(data.Gathered[1].Batch, input.Batch(1, 3));
        Assert.True(input.TimeOf(1) > TimeSpan.Zero);
    }

    [Fact]
    public void A_step_that_was_not_prepared_is_gathered_when_it_is_asked_for()
    {
        Assert.Equal(1, input.Batch(0, 1).Samples);
        Assert.Equal(2, data.Gathered.Count);
    }

    [Fact]
    public void The_last_partial_batch_leaves_slots_empty_and_weights_still_sum_to_one()
    {
        for (var step = 0L; step < 3; step++)
        {
            Assert.Equal(1.0, Enumerable.Range(0, 4).Sum(slot => input.Weight(step, slot)), 12);
            foreach (var slot in new[] { 1, 3 })
                Assert.Equal(sampler.SamplesOf(step, slot), input.Batch(step, slot).Samples);
        }

        Assert.Equal([0, 0.5, 0, 0.5], Enumerable.Range(0, 4).Select(slot => input.Weight(2, slot)));
    }

    [Fact]
    public void Batches_live_until_the_next_step_or_the_end()
    {
        input.Prepare(0);
        input.Prepare(1);
        Assert.True(data.Gathered[0].Batch.Inputs.IsInvalid);
        Assert.False(data.Gathered[2].Batch.Inputs.IsInvalid);
        input.Dispose();
        Assert.All(data.Gathered, gathered => Assert.True(gathered.Batch.Inputs.IsInvalid));
    }

    private sealed class CountingData(int count) : IDataSet
    {
        public List<(int[] Indices, Batch Batch)> Gathered { get; } = [];

        public int Count => count;

        public IReadOnlyList<long> InputShape => [1];

        public int Classes => 2;

        public Batch Gather(ReadOnlySpan<int> indices)
        {
            Assert.NotEqual(0, indices.Length);
            var batch = new Batch(torch.zeros(indices.Length, 1), torch.zeros(indices.Length, torch.int64), indices.Length);
            Gathered.Add((indices.ToArray(), batch));
            return batch;
        }

        public void Dispose()
        {
        }
    }
}
