using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Adds a learned vector for every position to [time, width]: <c>positional-embedding</c>. Vectors are drawn from a normal distribution
/// with the standard deviation 0.02, unless <c>init</c> says otherwise.
/// </summary>
internal sealed record PositionalEmbeddingLayer(Initialisation? Init = null) : LayerSpec
{
    public const string Name = "positional-embedding";

    private static readonly Initialisation Usual = new("normal", 0.02);

    public override string Type => Name;

    public static PositionalEmbeddingLayer Read(SettingsSection section) => new(Initialisation.Read(section));

    internal override LayerFit Fit(IReadOnlyList<long> input) =>
        input.Count == 2 ? LayerFit.Gives(input) : LayerFit.Fails("[time, width]");

    internal override long Parameters(IReadOnlyList<long> input) => input[0] * input[1];

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) =>
        new PositionalEmbeddingModule(input[0], input[1]).With(Init ?? Usual);
}
