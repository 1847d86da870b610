using TorchSharp;
using TorchSharp.Modules;

namespace Distributed.Learning.Tests;

public partial class ShardOptimizerTests
{
    private const int Steps = 20;

    public static TheoryData<string> RulesOfTorch =>
        ["sgd", "sgd-decay", "momentum", "momentum-decay", "nesterov", "nesterov-decay", "adam", "adam-decay", "adamw"];

    public static TheoryData<string> Rules =>
    [
        "sgd", "sgd-decay", "momentum", "momentum-decay", "nesterov", "nesterov-decay", "adam", "adam-decay", "adamw", "adagrad", "rmsprop",
        "rmsprop-momentum", "nadam", "radam", "lion", "clipped",
    ];

    private static OptimizerSpec Spec(string rule) => rule switch
    {
        "sgd" => new("sgd", 0.05),
        "sgd-decay" => new("sgd", 0.05) { WeightDecay = 0.013 },
        "momentum" => new("sgd", 0.05) { Momentum = 0.9 },
        "momentum-decay" => new("sgd", 0.05) { Momentum = 0.9, WeightDecay = 0.013 },
        "nesterov" => new("sgd", 0.03) { Momentum = 0.87, Nesterov = true },
        "nesterov-decay" => new("sgd", 0.03) { Momentum = 0.87, Nesterov = true, WeightDecay = 0.0007 },
        "adam" => new("adam", 0.0031),
        "adam-decay" => new("adam", 0.0031) { WeightDecay = 0.013, Beta1 = 0.83, Epsilon = 1e-6 },
        "adamw" => new("adamw", 0.0031) { WeightDecay = 0.013 },
        "rmsprop-momentum" => new("rmsprop", 0.0031) { Momentum = 0.9, Decay = 0.97 },
        "lion" => new("lion", 0.0031) { WeightDecay = 0.013, Beta2 = 0.99 },
        "clipped" => new("sgd", 0.05) { Momentum = 0.9, WeightDecay = 0.013, L1 = 0.003, ClipValue = 0.02 },
        _ => new(rule, 0.0031) { WeightDecay = 0.013 },
    };

    [Theory, MemberData(nameof(RulesOfTorch))]
    public void A_shard_steps_to_the_bits_of_an_optimizer_over_single_parameters(string rule)
    {
        long[][] shapes = [[37, 19], [37], [3, 5, 7], [1], [16], [64, 33], [129]];
        var layout = new List<(int Offset, int Count)>();
        var length = 0;
        foreach (var shape in shapes)
        {
            var count = (int)shape.Aggregate(1L, (a, b) => a * b);
            layout.Add((length, count));
            length = (length + count + 15) / 16 * 16;
        }
        var start = Examples.Random(length, 1);
        var gradients = Gradients(length);

        var parameters = layout.Select((p, i) =>
            new Parameter(torch.tensor(start[p.Offset..(p.Offset + p.Count)]).view(shapes[i]), true)).ToArray();
        using var plain = PlainOptimizer.OfTorch(Spec(rule), parameters)!;
        foreach (var gradient in gradients)
        {
            foreach (var (p, i) in layout.Select((p, i) => (p, i)))
                parameters[i].grad = torch.tensor(gradient[p.Offset..(p.Offset + p.Count)]).view(shapes[i]);
            plain.step();
        }

        var whole = Train(Spec(rule), start, gradients, [0, length]);
        foreach (var (p, i) in layout.Select((p, i) => (p, i)))
            Assert.Equal(Bits(Examples.Floats(parameters[i])), Bits(whole[p.Offset..(p.Offset + p.Count)]));
    }

    [Theory, MemberData(nameof(Rules))]
    public void The_bits_do_not_depend_on_where_the_vector_is_cut(string rule)
    {
        const int length = 16 * 83;
        var start = Examples.Random(length, 2);
        var gradients = Gradients(length);
        var whole = Bits(Train(Spec(rule), start, gradients, [0, length]));
        int[][] cuts = [[0, 16, length], [0, 32, 80, 96, length], [0, 16 * 41, length], [0, .. Enumerable.Range(1, 83).Select(i => 16 * i)]];
        foreach (var cut in cuts)
            foreach (var piece in new[] { 1 << 16, 48, 1000 })
                Assert.Equal(whole, Bits(Train(Spec(rule), start, gradients, cut, piece)));
    }

    [Theory, MemberData(nameof(Rules))]
    public void Even_a_cut_between_any_two_floats_keeps_the_bits(string rule)
    {
        const int length = 203;
        var start = Examples.Random(length, 3);
        var gradients = Gradients(length);
        var whole = Bits(Train(Spec(rule), start, gradients, [0, length]));
        foreach (var cut in new[] { 1, 7, 15, 33, 101, 202 })
            Assert.Equal(whole, Bits(Train(Spec(rule), start, gradients, [0, cut, length])));
    }

    [Theory, MemberData(nameof(Rules))]
    public void A_saved_state_goes_on_bit_for_bit(string rule)
    {
        const int length = 16 * 9;
        var gradients = Gradients(length);
        using var a = new FloatMemory(Examples.Random(length, 4));
        using var b = new FloatMemory(length);
        using var undisturbed = new ShardOptimizer(Spec(rule), length, 100);
        using var gradient = new FloatMemory(length);
        for (var step = 0; step < Steps; step++)
        {
            if (step == Steps / 2)
            {
                using var state = new MemoryStream();
                undisturbed.SaveState(state);
                state.Position = 0;
                using var resumed = new ShardOptimizer(Spec(rule), length);
                resumed.LoadState(state);
                Assert.Equal(state.Length, state.Position);
                Assert.Equal(step, resumed.Steps);
                using var from = new FloatMemory(step % 2 == 0 ? a.Span : b.Span);
                using var to = new FloatMemory(length);
                using var other = new FloatMemory(length);
                for (var later = step; later < Steps; later++)
                {
                    gradients[later].CopyTo(other.Span);
                    resumed.Step(from.Address, to.Address, other.Address);
                    to.Span.CopyTo(from.Span);
                }
                Continue(step);
                Assert.Equal(Bits((Steps % 2 == 0 ? a : b).Span), Bits(to.Span));
                return;
            }
            One(step);
        }

        void Continue(int first)
        {
            for (var step = first; step < Steps; step++) One(step);
        }

        void One(int step)
        {
            gradients[step].CopyTo(gradient.Span);
            var (from, to) = step % 2 == 0 ? (a, b) : (b, a);
            undisturbed.Step(from.Address, to.Address, gradient.Address);
        }
    }

    [Theory]
    [InlineData("momentum")]
    [InlineData("nesterov")]
    [InlineData("adam")]
    [InlineData("adamw")]
    public void With_two_buffers_for_moments_the_bits_stay_and_so_does_what_an_update_read(string rule)
    {
        const int length = (16 * 9) + 5;
        var gradients = Gradients(length);
        var start = Examples.Random(length, 4);
        var expected = Train(Spec(rule), start, gradients, [0, length], 48);
        var room = (int)ShardOptimizer.MomentRoom(Spec(rule), length)!.Value / sizeof(float);
        using var even = new FloatMemory(room);
        using var odd = new FloatMemory(room);
        using var weights = new FloatMemory(start);
        using var gradient = new FloatMemory(length);
        using var optimizer = new ShardOptimizer(Spec(rule), length, 48);
        optimizer.KeepMomentsIn(new MomentBuffers(even.Address, odd.Address));
        for (var step = 0; step < Steps; step++)
        {
            var read = Bits((step % 2 == 0 ? even : odd).Span);
            gradients[step].CopyTo(gradient.Span);
            optimizer.Step(weights.Address, weights.Address, gradient.Address);
            Assert.Equal(read, Bits((step % 2 == 0 ? even : odd).Span));
        }

        Assert.Equal(Bits(expected), Bits(weights.Span));
        using var shared = new MemoryStream();
        optimizer.SaveState(shared);
        optimizer.Detach();
        even.Span.Fill(float.NaN);
        odd.Span.Fill(float.NaN);
        using var own = new MemoryStream();
        optimizer.SaveState(own);
        Assert.Equal(shared.ToArray(), own.ToArray());
    }

    [Fact]
    public void Moments_in_tensors_cannot_be_kept_elsewhere()
    {
        Assert.Null(ShardOptimizer.MomentRoom(Spec("lion"), 32));
        using var optimizer = new ShardOptimizer(Spec("lion"), 32);
        Assert.Throws<InvalidOperationException>(() => optimizer.KeepMomentsIn(default));
    }

    [Fact]
    public void A_fresh_state_can_be_saved_before_the_first_step()
    {
        using var fresh = new ShardOptimizer(Spec("momentum"), 32);
        using var state = new MemoryStream();
        fresh.SaveState(state);
        state.Position = 0;
        using var other = new ShardOptimizer(Spec("momentum"), 32);
        other.LoadState(state);
        Assert.Equal(0, other.Steps);
    }

    [Theory]
    [InlineData("adam", 32, "expected type adam, got 'sgd'")]
    [InlineData("sgd", 48, "expected the shape [48], got [32]")]
    public void A_state_of_another_shard_is_refused(string type, int floats, string message)
    {
        using var memory = new FloatMemory(32);
        using var saved = new ShardOptimizer(Spec("momentum"), 32);
        saved.Step(memory.Address, memory.Address, memory.Address);
        using var state = new MemoryStream();
        saved.SaveState(state);
        state.Position = 0;
        using var other = new ShardOptimizer(Spec(type == "sgd" ? "momentum" : type), floats);
        var error = Assert.Throws<BadInputException>(() => other.LoadState(state, "shard-3.state"));
        Assert.Contains("shard-3.state", error.Message);
        Assert.Contains(message, error.Message);
    }

    [Theory, MemberData(nameof(Rules))]
    public void A_thousand_steps_leave_no_tensor_behind(string rule)
    {
        using var weights = new FloatMemory(64);
        using var gradient = new FloatMemory(64, 0.5f);
        using var optimizer = new ShardOptimizer(Spec(rule), 64);
        optimizer.Step(weights.Address, weights.Address, gradient.Address);
        var before = Examples.LiveTensors();
        for (var i = 0; i < 1000; i++) optimizer.Step(weights.Address, weights.Address, gradient.Address);
        Assert.Equal(before, Examples.LiveTensors());
    }

    // Gradients of all magnitudes, with zeros of both signs among them.
    private static float[][] Gradients(int length) =>
        [.. Enumerable.Range(0, Steps).Select(step =>
        {
            var gradient = Examples.Random(length, 100 + step, Math.Pow(10, step % 7 - 4));
            for (var i = step; i < length; i += 13) gradient[i] = i % 2 == 0 ? 0f : -0f;
            return gradient;
        })];

    private static float[] Train(OptimizerSpec spec, float[] start, float[][] gradients, int[] cuts, int piece = 1 << 16)
    {
        var result = new float[start.Length];
        for (var shard = 0; shard + 1 < cuts.Length; shard++)
        {
            var (from, count) = (cuts[shard], cuts[shard + 1] - cuts[shard]);
            using var a = new FloatMemory(start.AsSpan(from, count));
            using var b = new FloatMemory(count);
            using var gradient = new FloatMemory(count);
            using var optimizer = new ShardOptimizer(spec, count, piece);
            for (var step = 0; step < gradients.Length; step++)
            {
                gradients[step].AsSpan(from, count).CopyTo(gradient.Span);
                if (step % 2 == 0) optimizer.Step(a.Address, b.Address, gradient.Address);
                else optimizer.Step(b.Address, a.Address, gradient.Address);
            }
            (gradients.Length % 2 == 0 ? a : b).Span.CopyTo(result.AsSpan(from));
        }
        return result;
    }

    private static string[] Bits(ReadOnlySpan<float> floats)
    {
        var bits = new string[floats.Length];
        for (var i = 0; i < floats.Length; i++) bits[i] = $"{i}: {BitConverter.SingleToUInt32Bits(floats[i]):x8}";
        return bits;
    }
}
