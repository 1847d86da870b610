using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// A learned vector for every token: <c>{ type = embedding, tokens = 5000, width = 128 }</c> makes token numbers [time] to [time, width].
/// With <c>padding = 0</c> the vector of token 0 is and stays zero. The first layer of a model, which then takes int64 samples.
/// </summary>
internal sealed record EmbeddingLayer(int Tokens, int Width, int? Padding = null, Initialisation? Init = null) : LayerSpec
{
    public const string Name = "embedding";

    public override string Type => Name;

    internal override string? InFloat32 => "all of it";

    internal override bool TakesTokens => true;

    public static EmbeddingLayer Read(SettingsSection section)
    {
        var tokens = section.Integer("tokens", null, 1, 1 << 30);
        return new EmbeddingLayer(tokens, section.Integer("width", null, 1, 1 << 20),
            section.Has("padding") ? section.Integer("padding", null, 0, tokens - 1) : null, Initialisation.Read(section));
    }

    internal override LayerFit Fit(IReadOnlyList<long> input) =>
        input.Count == 1 ? LayerFit.Gives(input[0], Width) : LayerFit.Fails("[time] token numbers");

    internal override long Parameters(IReadOnlyList<long> input) => (long)Tokens * Width;

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input)
    {
        var embedding = nn.Embedding(Tokens, Width, Padding).With(Init);
        if (Padding is { } padding && Init is not null)
        {
            using var scope = NewDisposeScope();
            using var guard = no_grad();
            embedding.parameters().Single().select(0, padding).zero_();
        }
        return embedding;
    }
}
