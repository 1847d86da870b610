namespace Distributed.Learning;

/// <summary>
/// Every layer type that a job may name. A further type is one record in <c>Models/Layers</c> and one line here.
/// </summary>
internal static class LayerKinds
{
    private static readonly Dictionary<string, Func<SettingsSection, LayerSpec>> Readers = new()
    {
        [LinearLayer.Name] = LinearLayer.Read,
        [Conv2dLayer.Name] = Conv2dLayer.Read,
        [MaxPoolLayer.Name] = MaxPoolLayer.Read,
        [FlattenLayer.Name] = _ => new FlattenLayer(),
        [DropoutLayer.Name] = DropoutLayer.Read,
        [ReluLayer.Name] = _ => new ReluLayer(),
        [TanhLayer.Name] = _ => new TanhLayer(),
        [SigmoidLayer.Name] = _ => new SigmoidLayer(),
        [GeluLayer.Name] = _ => new GeluLayer(),
    };

    public static IReadOnlyCollection<string> Types => Readers.Keys;

    public static LayerSpec Read(SettingsSection section)
    {
        var layer = Readers[section.OneOf("type", null, [.. Readers.Keys])](section);
        section.RejectUnknownKeys();
        return layer;
    }
}
