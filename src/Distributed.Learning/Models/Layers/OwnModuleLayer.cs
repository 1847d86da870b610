using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// A whole model that the program brings itself, written as <c>model { factory = NAME, input = [2], output = [3], parameters = 99 }</c>:
/// what only torch could tell stands there, so that the rest knows shapes without it.
/// </summary>
internal sealed record OwnModuleLayer(Func<nn.Module<Tensor, Tensor>> Create, IReadOnlyList<long> Output, long Count) : LayerSpec
{
    public override string Type => "own module";

    public static OwnModuleLayer Read(SettingsSection section) => new(
        Factories.Module(section), section.Integers("output", null, 1, ModelSpec.LargestSize), section.LongInteger("parameters", null, 1));

    internal override LayerFit Fit(IReadOnlyList<long> input) => LayerFit.Gives(Output);

    internal override long Parameters(IReadOnlyList<long> input) => Count;

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input)
    {
        var module = Create();
        // Torch's batch norms write their running statistics in the forward pass, so each worker would have its own.
        var written = module.named_buffers().Select(buffer => buffer.name).Where(name => name.Split('.')[^1] is "running_mean" or "running_var")
            .Except(RunningStatistics.Of(module).Select(statistic => statistic.Name)).FirstOrDefault();
        if (written is null) return module;
        module.Dispose();
        throw new BadInputException(
            $"{written}: torch's batch norm keeps statistics that differ from worker to worker; expected {nameof(Norms)}.{nameof(Norms.BatchNorm)}, whose are averaged");
    }
}
