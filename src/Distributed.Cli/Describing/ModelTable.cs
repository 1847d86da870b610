using System.Globalization;
using Distributed.Cli.Terminal;
using Distributed.Learning;

namespace Distributed.Cli.Describing;

/// <summary>A network as a table of text: a line for each layer, those inside others indented, and the sums below.</summary>
internal static class ModelTable
{
    private const int Indent = 3;

    /// <summary>The lines, columns aligned.</summary>
    /// <param name="layers">The layers' places.</param>
    /// <param name="precision">With bfloat16, lines below say what is computed in float32 all the same, and what that means on this machine.</param>
    public static IReadOnlyList<string> Lines(IReadOnlyList<LayerShape> layers, Precision precision = Precision.Float32)
    {
        (string Layer, string Output, string Parameters)[] rows = [("layer", "output", "parameters"), .. Rows(layers, 0)];
        var (layer, output, parameters) = (rows.Max(row => row.Layer.Length), rows.Max(row => row.Output.Length), rows.Max(row => row.Parameters.Length));
        var total = layers.Sum(shape => shape.Parameters);
        return
        [
            .. rows.Select(row => $"{row.Layer.PadRight(layer)}   {row.Output.PadRight(output)}   {row.Parameters.PadLeft(parameters)}".TrimEnd()),
            "",
            $"{Figures.Count(total)} parameters, {Figures.Bytes(total * sizeof(float))}",
            .. precision == Precision.Bfloat16 ? InBfloat16(layers, total) : [],
        ];
    }

    private static IEnumerable<string> InBfloat16(IReadOnlyList<LayerShape> layers, long total)
    {
        yield return $"workers compute in bfloat16 and exchange {Figures.Bytes(total * sizeof(ushort))} each way; servers keep float32";
        string[] exceptions = [.. Nested(layers).Where(layer => layer.InFloat32 is not null).Select(layer => $"{layer.Type} ({layer.InFloat32})").Distinct()];
        yield return $"computed in float32: {string.Join(", ", [.. exceptions, "the loss"])}";
        if (ProcessorBfloat16.Multiplies == false)
            yield return "this machine's processor has no bfloat16 instructions: training here works, and takes longer than in float32";
    }

    private static IEnumerable<LayerShape> Nested(IEnumerable<LayerShape> layers) =>
        layers.SelectMany(layer => Nested(layer.Groups.SelectMany(group => group.Layers)).Prepend(layer));

    /// <summary>A shape as a job writes it: <c>[1, 28, 28]</c>.</summary>
    public static string Shape(IReadOnlyList<long> sizes) => $"[{string.Join(", ", sizes)}]";

    private static IEnumerable<(string Layer, string Output, string Parameters)> Rows(IReadOnlyList<LayerShape> layers, int depth)
    {
        var digits = (layers.Count - 1).ToString(CultureInfo.InvariantCulture).Length;
        foreach (var layer in layers)
        {
            var number = layer.Index.ToString(CultureInfo.InvariantCulture).PadLeft(digits);
            yield return ($"{Space(depth)}{number} {layer.Type}", Shape(layer.Output), layer.Parameters > 0 ? Figures.Count(layer.Parameters) : "");
            foreach (var group in layer.Groups)
            {
                yield return ($"{Space(depth + 1)}{group.Name}{(group.Layers.Count == 0 ? ": the input" : "")}", "", "");
                foreach (var row in Rows(group.Layers, depth + 2)) yield return row;
            }
        }
    }

    private static string Space(int depth) => new(' ', depth * Indent);
}
