using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Chains of layers side by side over one input: <c>{ type = parallel, branches = [[ … ], [ … ]], combine = concat, dim = 0 }</c>
/// joins their outputs along a dimension of the sample (Szegedy et al., 2015), <c>combine = add</c> adds them. An empty branch hands the
/// input on as it is.
/// </summary>
internal sealed record ParallelLayer(IReadOnlyList<IReadOnlyList<LayerSpec>> Branches, bool Add = false, int Dim = 0) : LayerSpec
{
    public const string Name = "parallel";
    private const string Key = "branches";

    public override string Type => Name;

    public static ParallelLayer Read(SettingsSection section)
    {
        IReadOnlyList<IReadOnlyList<LayerSpec>> branches =
            [.. section.SectionLists(Key).Select(branch => (IReadOnlyList<LayerSpec>)[.. branch.Select(LayerKinds.Read)])];
        if (branches.Count < 2) throw section.Error(Key, $"expected at least two branches, got {branches.Count}");
        var add = section.OneOf("combine", "concat", "concat", "add") == "add";
        return new ParallelLayer(branches, add, add ? 0 : section.Integer("dim", 0, 0, 5));
    }

    internal override LayerFit Fit(IReadOnlyList<long> input)
    {
        LayerChain[] chains = [.. Branches.Select((branch, i) => LayerChain.Follow($"{Key}[{i}]", branch, input))];
        if (chains.Select(chain => chain.Misfit).FirstOrDefault(misfit => misfit is not null) is { } misfit) return LayerFit.Fails(misfit);
        var first = chains[0].Output;
        if (!chains.All(chain => Joins(first, chain.Output)))
        {
            var needed = Add ? "of one shape" : $"that differ in dim = {Dim} at most";
            return LayerFit.Fails($"branches {needed}: they give {string.Join(", ", chains.Select(chain => ModelSpec.Shape(chain.Output)))}");
        }
        long[] output = [.. first];
        if (!Add) output[Dim] = chains.Sum(chain => chain.Output[Dim]);
        return LayerFit.Gives(output) with { Groups = [.. chains.Select(chain => chain.Group)] };
    }

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) =>
        new ParallelModule([.. Branches.Select(branch => LayerChain.Build(branch, input))], Add ? null : Dim + 1);

    private bool Joins(IReadOnlyList<long> first, IReadOnlyList<long> other) =>
        Add ? first.SequenceEqual(other)
        : first.Count == other.Count && first.Count > Dim && first.Where((_, i) => i != Dim).SequenceEqual(other.Where((_, i) => i != Dim));
}
