namespace Distributed.Learning;

/// <summary>Whether an input fits a layer: the output's shape, what the layer needs instead, or what does not fit inside it.</summary>
internal sealed record LayerFit
{
    private LayerFit()
    {
    }

    /// <summary>The output's shape, null when the input does not fit.</summary>
    public IReadOnlyList<long>? Output { get; private init; }

    /// <summary>What would fit, where the layer itself refuses the input.</summary>
    public string? Needs { get; private init; }

    /// <summary>The layer inside this one that refuses what it gets; its path begins inside this layer.</summary>
    public LayerMisfit? Inside { get; private init; }

    /// <summary>The layers inside this one, in their chains.</summary>
    public IReadOnlyList<LayerGroup> Groups { get; init; } = [];

    public static LayerFit Gives(params long[] output) => new() { Output = output };

    public static LayerFit Gives(IReadOnlyList<long> output) => new() { Output = output };

    public static LayerFit Fails(string needs) => new() { Needs = needs };

    public static LayerFit Fails(LayerMisfit inside) => new() { Inside = inside };
}

/// <summary>A layer that does not fit where it stands.</summary>
/// <param name="Path">Its place, such as <c>layers[3].layers[1]</c>.</param>
/// <param name="Type">Its type.</param>
/// <param name="Problem">What it got and what it needs.</param>
internal sealed record LayerMisfit(string Path, string Type, string Problem);
