using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Pooling to a fixed size, whatever comes in: <c>{ type = adaptive-avg-pool, size = 1 }</c> or <c>adaptive-max-pool</c> makes
/// [channels, length] to [channels, size] and [channels, height, width] to [channels, size, size]. Size 1 is global pooling.
/// </summary>
internal sealed record AdaptivePoolLayer(bool Max, int Size) : LayerSpec
{
    public const string MaxName = "adaptive-max-pool";
    public const string AvgName = "adaptive-avg-pool";

    public override string Type => Max ? MaxName : AvgName;

    public static AdaptivePoolLayer Read(SettingsSection section, bool max) => new(max, section.Integer("size", 1, 1, Window.Largest));

    internal override LayerFit Fit(IReadOnlyList<long> input) => input.Count is 2 or 3
        ? LayerFit.Gives([input[0], .. input.Skip(1).Select(_ => (long)Size)])
        : LayerFit.Fails("[channels, length] or [channels, height, width]");

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) => (Max, input.Count) switch
    {
        (true, 2) => nn.AdaptiveMaxPool1d(Size),
        (true, _) => nn.AdaptiveMaxPool2d([Size, Size]),
        (false, 2) => nn.AdaptiveAvgPool1d(Size),
        (false, _) => nn.AdaptiveAvgPool2d(Size),
    };
}
