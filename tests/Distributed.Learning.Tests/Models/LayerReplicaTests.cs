namespace Distributed.Learning.Tests;

/// <summary>Models of the less plain layers in a replica: what training does with them, many times over.</summary>
public class LayerReplicaTests
{
    private static readonly ILossFunction Loss = new CrossEntropy();

    public static TheoryData<string> Models => [.. Specs.Keys];

    public static TheoryData<string, Precision> ModelsInEachPrecision
    {
        get
        {
            var data = new TheoryData<string, Precision>();
            foreach (var name in Specs.Keys)
                foreach (var precision in Enum.GetValues<Precision>()) data.Add(name, precision);
            return data;
        }
    }

    internal static Dictionary<string, ModelSpec> Specs => new()
    {
        ["lstm"] = LayerCases.Model([6], "{'type':'embedding','tokens':5,'width':4}",
            "{'type':'lstm','hidden':6,'layers':2,'dropout':0.3,'bidirectional':true}", "{'type':'global-pool'}", "{'type':'linear','out':5}"),
        ["gru"] = LayerCases.Model([6, 3], "{'type':'gru','hidden':8,'output':'last'}", "{'type':'linear','out':5}"),
        ["rnn"] = LayerCases.Model([6, 3], "{'type':'rnn','hidden':8,'output':'last'}", "{'type':'linear','out':5}"),
        ["transformer"] = LayerCases.Model([6], "{'type':'embedding','tokens':5,'width':8}", "{'type':'positional-embedding'}",
            "{'type':'transformer-block','heads':2,'causal':true,'dropout':0.1}", "{'type':'self-attention','heads':2}",
            "{'type':'global-pool','over':'mean'}", "{'type':'linear','out':5}"),
        ["text convolution"] = LayerCases.Model([9], "{'type':'embedding','tokens':5,'width':4}", "{'type':'transpose'}",
            "{'type':'parallel','branches':[[{'type':'conv1d','out':3,'kernel':2},{'type':'global-pool','dim':1}],[{'type':'conv1d','out':3,'kernel':3},{'type':'global-pool','dim':1}]]}",
            "{'type':'dropout'}", "{'type':'linear','out':5}"),
        ["residual"] = BatchNormTests.Cnn,
    };

    [Theory, MemberData(nameof(Models))]
    public void Two_hundred_slots_leave_nothing_behind_and_repeat_their_bits(string name)
    {
        var spec = Specs[name];
        using var setup = new ModelReplicaTests.Setup(spec);
        using var batch = Examples.Batch(spec, 4, 5);
        Step(0);
        var first = setup.Gradients[0].Bytes.ToArray();
        Step(1);
        var tensors = Examples.LiveTensors();
        for (var i = 2; i < 200; i++) Step(i);
        Assert.Equal(tensors, Examples.LiveTensors());
        Assert.True(first.AsSpan().SequenceEqual(setup.Gradients[1].Bytes));
        var thread = new Thread(() => Step(0));
        thread.Start();
        thread.Join();
        Assert.True(first.AsSpan().SequenceEqual(setup.Gradients[0].Bytes), "another thread gives the same bits");

        void Step(int i)
        {
            setup.Replica.UseWeights(0);
            setup.Replica.UseGradients(i % 2);
            setup.Replica.ZeroGradients(i % 2);
            setup.Replica.ComputeSlot(batch, Loss, 0.5, 9);
            // The other weights, all zero, are another model: nothing of it may stay in a cache.
            setup.Replica.UseWeights(1);
            setup.Replica.Forward(batch.Inputs).Dispose();
        }
    }

    [Theory, MemberData(nameof(ModelsInEachPrecision))]
    public void A_module_that_was_kept_gives_the_same_bits_in_the_memory_of_another_replica(string name, Precision precision)
    {
        var spec = Specs[name];
        using var module = Examples.Build(spec);
        using var batch = Examples.Batch(spec, 4, 5);
        var layout = ParameterLayout.Of(module, precision);
        using var master = new FloatMemory(layout.Length);
        ModelReplica.CopyInitialWeights(module, layout, master.Address, 0, layout.Length);

        var (first, loss) = Compute();
        var (again, same) = Compute();
        Assert.Equal(loss, same);
        Assert.Contains(first, value => value != 0);
        Assert.Equal(first, again);

        // The memory of the replica before is gone when the next one begins.
        (byte[] Gradient, double Loss) Compute()
        {
            using var weights = new FloatMemory(layout.Length);
            using var gradient = new FloatMemory(layout.Length);
            layout.Format.Publish(master.Address, weights.Address, 0, layout.TrainableLength);
            layout.Format.Publish(master.Address, weights.Address, layout.TrainableLength, layout.Length - layout.TrainableLength);
            using var replica = new ModelReplica(module, layout, [weights.Address], [gradient.Address], keepsModule: true);
            replica.ZeroGradients(0);
            var result = replica.ComputeSlot(batch, Loss, 0.5, 9);
            using var outputs = replica.Forward(batch.Inputs);
            return (gradient.Bytes[..(int)layout.Format.BytesTo(layout.Length)].ToArray(), result.LossSum);
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void The_model_learns_its_batch(string name)
    {
        var spec = Specs[name];
        using var setup = new ModelReplicaTests.Setup(spec);
        using var batch = Examples.Batch(spec, 8, 5);
        using var optimizer = new ShardOptimizer(new OptimizerSpec("adam", 0.02), setup.Layout.TrainableLength);
        var losses = new List<double>();
        for (var step = 0; step < 60; step++)
        {
            setup.Replica.ZeroGradients(0);
            losses.Add(setup.Replica.ComputeSlot(batch, Loss, 1, step).LossSum);
            optimizer.Step(setup.Weights[0].Address, setup.Weights[0].Address, setup.Gradients[0].Address);
        }
        Assert.True(losses.TakeLast(5).Average() < losses[0] * 0.7, $"from {losses[0]} to {losses[^1]}");
    }
}
