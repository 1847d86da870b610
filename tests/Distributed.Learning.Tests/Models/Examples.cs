using static TorchSharp.torch;

namespace Distributed.Learning.Tests;

/// <summary>Small models and batches for the tests.</summary>
internal static class Examples
{
    public static ModelSpec Mlp => new([20], [new LinearLayer(33), new TanhLayer(), new DropoutLayer(0.25), new LinearLayer(5)]);

    /// <summary>The weights of its first layer are computed with in two blocks, of 512 and 489 rows.</summary>
    public static ModelSpec Wide => new([1100], [new LinearLayer(1001), new TanhLayer(), new LinearLayer(5)]);

    public static ModelSpec Cnn => new([1, 12, 12],
    [
        new Conv2dLayer(6, 3, Padding: 1), new ReluLayer(), new MaxPoolLayer(2, 2), new Conv2dLayer(8, 3), new GeluLayer(),
        new FlattenLayer(), new LinearLayer(17), new DropoutLayer(0.5), new SigmoidLayer(), new LinearLayer(5),
    ]);

    public static nn.Module<Tensor, Tensor> Build(ModelSpec spec, long seed = 7)
    {
        using (manual_seed(seed)) return spec.Build();
    }

    public static Batch Batch(ModelSpec spec, int samples, long seed)
    {
        using var generator = new Generator((ulong)seed);
        var inputs = spec.TakesTokens
            ? randint(0, 5, [samples, .. spec.Input], dtype: int64, generator: generator)
            : randn([samples, .. spec.Input], generator: generator);
        return new Batch(inputs, randint(0, 5, samples, dtype: int64, generator: generator), samples);
    }

    public static float[] Floats(Tensor tensor) => tensor.detach().contiguous().reshape(-1).data<float>().ToArray();

    /// <summary>Tensors alive, once those that earlier tests left to the finalizer are gone.</summary>
    public static long LiveTensors()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Tensor.TotalCount;
    }

    public static float[] Random(int floats, int seed, double scale = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, floats).Select(_ => (float)((random.NextDouble() + random.NextDouble() - 1) * scale))];
    }

    public static SettingsSection Section(params (string Key, object Value)[] members) =>
        SettingsSection.Root("job.hocon", (SettingObject)Setting(members));

    public static Setting Setting(object value) => value switch
    {
        Setting setting => setting,
        (string Key, object Value)[] members => new SettingObject([.. members.Select(m => KeyValuePair.Create(m.Key, Setting(m.Value)))]),
        object[] items => new SettingList([.. items.Select(Setting)]),
        _ => new SettingText(Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!),
    };
}
