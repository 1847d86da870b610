using System.Globalization;
using Distributed.Cli.Terminal;
using Distributed.Learning;

namespace Distributed.Cli.Describing;

/// <summary>A network as a table of text: a line for each layer, those inside others indented, and the sums below.</summary>
internal static class ModelTable
{
    private const int Indent = 3;

    /// <summary>The lines, columns aligned.</summary>
    public static IReadOnlyList<string> Lines(IReadOnlyList<LayerShape> layers)
    {
        (string Layer, string Output, string Parameters)[] rows = [("layer", "output", "parameters"), .. Rows(layers, 0)];
        var (layer, output, parameters) = (rows.Max(row => row.Layer.Length), rows.Max(row => row.Output.Length), rows.Max(row => row.Parameters.Length));
        var total = layers.Sum(shape => shape.Parameters);
        return
        [
            .. rows.Select(row => $"{row.Layer.PadRight(layer)}   {row.Output.PadRight(output)}   {row.Parameters.PadLeft(parameters)}".TrimEnd()),
            "",
            $"{Figures.Count(total)} parameters, {Figures.Bytes(total * sizeof(float))}",
        ];
    }

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
