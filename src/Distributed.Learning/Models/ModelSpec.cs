using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// A model as a chain of layers, immutable and free of torch until <see cref="Build()"/>.
/// Written as <c>model { input = [1, 28, 28], layers = [ { type = conv2d, out = 32, kernel = 3 }, relu, flatten, … ] }</c>.
/// </summary>
/// <param name="Input">The shape of one sample, without the batch dimension.</param>
/// <param name="Layers">The layers in the order in which a sample passes them.</param>
public sealed record ModelSpec(IReadOnlyList<long> Input, IReadOnlyList<LayerSpec> Layers)
{
    internal const long LargestSize = 1 << 24;

    private const string Chain = "layers";
    private const int MostDimensions = 6;

    // Torch's generator belongs to the process, and a node may build as worker and as server at once.
    private static readonly Lock Drawing = new();

    /// <summary>Where the model was written, for messages: the file and the path of its section, with a dot at the end.</summary>
    public string Origin { get; init; } = "model.";

    /// <summary>Reads a model's section and checks the shapes.</summary>
    /// <param name="section">The section with <c>input</c> and <c>layers</c>; or with <c>factory</c>, the name of a module among <see cref="Factories"/>.</param>
    /// <exception cref="BadInputException">A key is unknown or wrong, or a layer does not fit the one before it.</exception>
    public static ModelSpec Read(SettingsSection section)
    {
        var input = section.Integers("input", null, 1, LargestSize);
        if (input.Count is 0 or > MostDimensions)
            throw section.Error("input", $"expected the shape of one sample with 1 to {MostDimensions} sizes, got {Shape(input)}");
        IReadOnlyList<LayerSpec> layers = section.Has(Factories.Key) ? [OwnModuleLayer.Read(section)] : [.. section.Sections(Chain).Select(LayerKinds.Read)];
        if (layers.Count == 0) throw section.Error(Chain, "expected at least one layer, got an empty list");
        var model = new ModelSpec(input, layers) { Origin = $"{section.File}: {section.Path}{(section.Path.Length > 0 ? "." : "")}" };
        section.RejectUnknownKeys();
        model.CheckShapes();
        return model;
    }

    /// <summary>The shape of one sample coming out of the last layer.</summary>
    /// <exception cref="BadInputException">As <see cref="CheckShapes"/>.</exception>
    public IReadOnlyList<long> Output => CheckShapes()[^1].Output;

    /// <summary>Whether samples are token numbers (int64) for an embedding instead of floats.</summary>
    public bool TakesTokens => Layers[0].TakesTokens;

    /// <summary>How many different tokens samples may be made of; 0 where they are floats, null where the program's own module knows.</summary>
    public int? Tokens => Layers[0] switch
    {
        EmbeddingLayer embedding => embedding.Tokens,
        OwnModuleLayer => null,
        _ => 0,
    };

    /// <summary>Follows one sample's shape through all layers. Pure arithmetic: neither torch nor memory is touched.</summary>
    /// <returns>A line for each layer; layers inside layers are in its groups.</returns>
    /// <exception cref="BadInputException">
    /// A layer does not fit; the message names its place (numbers from 0, nested ones as <c>layers[3].layers[1]</c>) and type, the shape
    /// it got and what it needs.
    /// </exception>
    public IReadOnlyList<LayerShape> CheckShapes()
    {
        if (LayerChain.TooLarge(Input)) throw new BadInputException($"{Origin}input: {Shape(Input)} is more than 2^31 elements");
        var chain = LayerChain.Follow(Chain, Layers, Input, first: true);
        if (chain.Misfit is { } misfit) throw new BadInputException($"{Origin}{misfit.Path} ({misfit.Type}): {misfit.Problem}");
        return chain.Shapes.Any(layer => layer.Parameters > 0) ? chain.Shapes
            : throw new BadInputException($"{Origin}{Chain}: no layer has parameters, so there is nothing to train");
    }

    /// <summary>
    /// Builds the torch modules in the order of the layers, drawing their weights from torch's current random generator: seed it before
    /// (<c>torch.manual_seed</c>) for repeatable weights. Parameters are named <c>0.weight</c>, <c>0.bias</c>, <c>2.weight</c>, … after the
    /// layers' numbers, as in a PyTorch <c>Sequential</c>.
    /// </summary>
    /// <returns>A module from inputs <c>[batch, …Input]</c> to outputs <c>[batch, …Output]</c>; the caller disposes it.</returns>
    /// <exception cref="BadInputException">As <see cref="CheckShapes"/>.</exception>
    public nn.Module<Tensor, Tensor> Build()
    {
        CheckShapes();
        // The parameters of a program's own module keep their names.
        return Layers is [OwnModuleLayer own] ? own.Build(Input) : LayerChain.Build(Layers, Input);
    }

    /// <summary>As <see cref="Build()"/>, with the weights that belong to a seed even while another thread builds, too.</summary>
    /// <param name="seed">The job's seed.</param>
    public nn.Module<Tensor, Tensor> Build(long seed)
    {
        lock (Drawing)
        {
            using (manual_seed(seed))
                return Build();
        }
    }

    /// <summary>A shape as it is written in a job, such as <c>[1, 28, 28]</c>.</summary>
    internal static string Shape(IEnumerable<long> sizes) => $"[{string.Join(", ", sizes)}]";
}
