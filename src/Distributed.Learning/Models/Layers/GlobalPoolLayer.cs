using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Takes one dimension of a sample away: <c>{ type = global-pool, over = max, dim = 0 }</c> keeps its maximum, with <c>mean</c> its mean,
/// with <c>last</c> its last element. The first dimension is time in [time, features]; a convolution's [channels, length] needs
/// <c>dim = 1</c>.
/// </summary>
internal sealed record GlobalPoolLayer(string Over, int Dim = 0) : LayerSpec
{
    public const string Name = "global-pool";
    private const string Max = "max";
    private const string Mean = "mean";
    private const string Last = "last";

    public override string Type => Name;

    public static GlobalPoolLayer Read(SettingsSection section) =>
        new(section.OneOf("over", Max, Max, Mean, Last), section.Integer("dim", 0, 0, 5));

    internal override LayerFit Fit(IReadOnlyList<long> input) => input.Count > Math.Max(1, Dim)
        ? LayerFit.Gives([.. input.Where((_, i) => i != Dim)])
        : LayerFit.Fails($"at least {Math.Max(1, Dim) + 1} dimensions to pool over dim = {Dim}");

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) => new FunctionModule(Name, Over switch
    {
        Mean => samples => samples.mean([Dim + 1]),
        Last => samples => samples.select(Dim + 1, -1),
        _ => Maximum,
    });

    // The gradient goes to one element, also among equals, as in windowed pooling.
    private Tensor Maximum(Tensor samples)
    {
        var (values, places) = samples.max(Dim + 1);
        places.Dispose();
        return values;
    }
}
