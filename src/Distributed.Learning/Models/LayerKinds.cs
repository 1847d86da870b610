namespace Distributed.Learning;

/// <summary>
/// Every layer type that a job may name. A further type is one record in <c>Models/Layers</c> and one line here.
/// </summary>
internal static class LayerKinds
{
    private static readonly Dictionary<string, Func<SettingsSection, LayerSpec>> Readers = new()
    {
        [LinearLayer.Name] = LinearLayer.Read,
        [Conv1dLayer.Name] = Conv1dLayer.Read,
        [Conv2dLayer.Name] = Conv2dLayer.Read,
        [ConvTransposeLayer.Name1] = section => ConvTransposeLayer.Read(section, 1),
        [ConvTransposeLayer.Name2] = section => ConvTransposeLayer.Read(section, 2),
        [MaxPoolLayer.Name] = MaxPoolLayer.Read,
        [AvgPoolLayer.Name] = AvgPoolLayer.Read,
        [AdaptivePoolLayer.MaxName] = section => AdaptivePoolLayer.Read(section, max: true),
        [AdaptivePoolLayer.AvgName] = section => AdaptivePoolLayer.Read(section, max: false),
        [GlobalPoolLayer.Name] = GlobalPoolLayer.Read,
        [FlattenLayer.Name] = _ => new FlattenLayer(),
        [ReshapeLayer.Name] = ReshapeLayer.Read,
        [TransposeLayer.Name] = TransposeLayer.Read,
        [DropoutLayer.Name] = DropoutLayer.Read,
        [BatchNormLayer.Name] = BatchNormLayer.Read,
        [LayerNormLayer.Name] = LayerNormLayer.Read,
        [GroupNormLayer.Name] = GroupNormLayer.Read,
        [EmbeddingLayer.Name] = EmbeddingLayer.Read,
        [PositionalEmbeddingLayer.Name] = PositionalEmbeddingLayer.Read,
        [RecurrentLayer.Rnn] = section => RecurrentLayer.Read(section, RecurrentLayer.Rnn),
        [RecurrentLayer.Lstm] = section => RecurrentLayer.Read(section, RecurrentLayer.Lstm),
        [RecurrentLayer.Gru] = section => RecurrentLayer.Read(section, RecurrentLayer.Gru),
        [SelfAttentionLayer.Name] = SelfAttentionLayer.Read,
        [TransformerBlockLayer.Name] = TransformerBlockLayer.Read,
        [ResidualLayer.Name] = ResidualLayer.Read,
        [ParallelLayer.Name] = ParallelLayer.Read,
        [ReluLayer.Name] = _ => new ReluLayer(),
        [LeakyReluLayer.Name] = LeakyReluLayer.Read,
        [EluLayer.Name] = EluLayer.Read,
        [GeluLayer.Name] = GeluLayer.Read,
        [SiluLayer.Name] = _ => new SiluLayer(),
        [SigmoidLayer.Name] = _ => new SigmoidLayer(),
        [TanhLayer.Name] = _ => new TanhLayer(),
        [SoftplusLayer.Name] = SoftplusLayer.Read,
        [SoftmaxLayer.Name] = _ => new SoftmaxLayer(),
    };

    public static IReadOnlyCollection<string> Types => Readers.Keys;

    public static LayerSpec Read(SettingsSection section)
    {
        var layer = Readers[section.OneOf("type", null, [.. Readers.Keys])](section);
        section.RejectUnknownKeys();
        return layer;
    }
}
