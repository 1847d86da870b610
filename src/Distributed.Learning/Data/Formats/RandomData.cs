using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Inputs and targets without any pattern, for benchmarks: nothing is read and nothing can be learnt.
/// <code>
/// data { format = random, shape = [1, 28, 28], classes = 10 }                  numbers and a class for each sample
/// data { format = random, shape = [64], tokens = 65, classes = 65, targets = each-place }   sequences of tokens, a class at each place
/// data { format = random, shape = [13], targets = values, outputs = 1 }       numbers and values
/// </code>
/// </summary>
internal sealed record RandomData(
    IReadOnlyList<long> Shape, int Tokens, string Targets, int Classes, int Outputs, int TrainingSamples, int TestSamples) : DataSpec
{
    public const string Name = "random";

    private const string OneClass = "class";
    private const string EachPlace = "each-place";
    private const string Values = "values";

    public override string Format => Name;

    public override IReadOnlyList<long> InputShape => Shape;

    public override int? KnownTokens => Tokens;

    public override int? KnownClasses => Targets == Values ? null : Classes;

    private protected override IReadOnlyList<long> TargetShape => Targets == EachPlace ? [Shape[0]] : [];

    public static RandomData Read(SettingsSection section, IReadOnlyList<long>? modelInput)
    {
        var shape = section.Integers("shape", modelInput, 1, int.MaxValue);
        if (shape.Count == 0) throw section.Error("shape", "expected the sizes of one input, got an empty list");
        var targets = section.OneOf("targets", OneClass, OneClass, EachPlace, Values);
        return new RandomData(
            shape,
            section.Integer("tokens", 0, 0, int.MaxValue),
            targets,
            targets == Values ? 0 : section.Integer("classes", 10, 1, int.MaxValue),
            targets == Values ? section.Integer("outputs", 1, 1, int.MaxValue) : 0,
            section.Integer("train", 8192, 1, SampleStreams.MostSamples),
            section.Integer("test", 1000, 1, SampleStreams.MostSamples));
    }

    private protected override (IDataSet Training, IDataSet Test) Load(string dataFolder, long seed) => (
        Create(TrainingSamples, SampleStreams.Training(seed)), Create(TestSamples, SampleStreams.Test(seed)));

    // Normal numbers of variance 1, uniform tokens and classes. Torch's own generator is not touched.
    private TensorDataSet Create(int samples, ulong seed)
    {
        using var generator = new Generator(SplitMix64.Mix(seed), CPU);
        long[] sizes = [samples, .. Shape];
        var inputs = Tokens > 0
            ? randint(0, Tokens, sizes, dtype: ScalarType.Int64, generator: generator)
            : randn(sizes, dtype: ScalarType.Float32, generator: generator);
        var targets = Targets switch
        {
            OneClass => randint(0, Classes, [samples], dtype: ScalarType.Int64, generator: generator),
            // The first size of a sequence is its time.
            EachPlace => randint(0, Classes, [samples, Shape[0]], dtype: ScalarType.Int64, generator: generator),
            _ => randn([samples, Outputs], dtype: ScalarType.Float32, generator: generator),
        };
        return new TensorDataSet(inputs, targets, Classes) { Tokens = Tokens };
    }
}
