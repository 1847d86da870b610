using System.Globalization;
using System.Xml.Linq;
using Distributed.Cli.Terminal;
using Distributed.Learning;

namespace Distributed.Cli.Describing;

/// <summary>
/// A network as an SVG: a box for each layer from top to bottom, joined by arrows. A layer with layers inside is a frame, its chains side
/// by side.
/// </summary>
internal static class ModelDrawing
{
    private const double CharacterWidth = 7.3;
    private const double LineHeight = 16;
    private const double Padding = 10;
    private const double Gap = 24;
    private const string Style = """
        text { font: 12px ui-monospace, Menlo, Consolas, monospace; text-anchor: middle; fill: #1c2733 }
        .type { font-weight: bold } .figure { fill: #51606f }
        .layer { fill: #eaf1f8; stroke: #7c98b3 } .plain { fill: #f6f6f4; stroke: #b4b4ad } .frame { fill: none; stroke: #9aa7b4; stroke-dasharray: 4 3 }
        .flow { stroke: #51606f; fill: none; marker-end: url(#arrow) }
        """;

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    /// <summary>A part of the drawing: its size, and how to draw it with the middle of its upper edge at (x, y).</summary>
    private sealed record Block(double Width, double Height, Action<XElement, double, double> Draw);

    /// <summary>Draws.</summary>
    /// <param name="input">The shape of one sample.</param>
    /// <param name="layers">The layers' places.</param>
    public static XDocument Draw(IReadOnlyList<long> input, IReadOnlyList<LayerShape> layers)
    {
        var network = Column([Box("plain", "input", ModelTable.Shape(input)), .. layers.Select(Layer)]);
        var (width, height) = (network.Width + 2 * Padding, network.Height + 2 * Padding);
        var drawing = Element("svg", ("viewBox", $"0 0 {Number(width)} {Number(height)}"), ("width", width), ("height", height));
        drawing.Add(new XElement(Svg + "style", Style));
        var arrow = Element("marker", ("id", "arrow"), ("viewBox", "0 0 8 8"), ("refX", 8), ("refY", 4), ("markerWidth", 7), ("markerHeight", 7), ("orient", "auto"));
        arrow.Add(Element("path", ("d", "M0,0 L8,4 L0,8 z"), ("fill", "#51606f")));
        drawing.Add(new XElement(Svg + "defs", arrow), Element("rect", ("width", width), ("height", height), ("fill", "#ffffff")));
        network.Draw(drawing, width / 2, Padding);
        return new XDocument(drawing);
    }

    private static Block Layer(LayerShape layer)
    {
        var name = $"{layer.Index} {layer.Type}";
        var shape = ModelTable.Shape(layer.Output);
        string[] figures = layer.Parameters > 0 ? [shape, $"{Figures.Count(layer.Parameters)} parameters"] : [shape];
        if (layer.Groups.Count == 0) return Box(layer.Parameters > 0 ? "layer" : "plain", name, figures);

        // The way around a residual's layers is a chain without layers.
        IReadOnlyList<LayerGroup> groups = layer.Groups.Count > 1 ? layer.Groups : [.. layer.Groups, new LayerGroup("input", [])];
        return Frame(name, Row([.. groups.Select(Chain)]), string.Join(", ", figures));
    }

    private static Block Chain(LayerGroup group) => Column([Text(group.Name), .. group.Layers.Select(Layer)], arrowsFrom: 1);

    private static Block Box(string style, string title, params string[] figures)
    {
        var width = figures.Append(title).Max(line => line.Length) * CharacterWidth + 2 * Padding;
        var height = (figures.Length + 1) * LineHeight + Padding;
        return new(width, height, (drawing, x, y) =>
        {
            drawing.Add(Element("rect", ("class", style), ("x", x - width / 2), ("y", y), ("width", width), ("height", height), ("rx", 4)));
            Write(drawing, "type", title, x, y + LineHeight);
            for (var i = 0; i < figures.Length; i++) Write(drawing, "figure", figures[i], x, y + (i + 2) * LineHeight);
        });
    }

    private static Block Text(string text) =>
        new(text.Length * CharacterWidth, LineHeight, (drawing, x, y) => Write(drawing, "figure", text, x, y + LineHeight * 0.75));

    private static Block Column(IReadOnlyList<Block> blocks, int arrowsFrom = 0)
    {
        // Between a chain's name and its first layer there is no arrow and less room.
        double Space(int i) => i < arrowsFrom ? 4 : Gap;
        var height = blocks.Select((block, i) => block.Height + (i < blocks.Count - 1 ? Space(i) : 0)).Sum();
        return new(blocks.Max(block => block.Width), height, (drawing, x, y) =>
        {
            for (var i = 0; i < blocks.Count; i++)
            {
                blocks[i].Draw(drawing, x, y);
                y += blocks[i].Height;
                if (i >= arrowsFrom && i < blocks.Count - 1) Arrow(drawing, x, y, x, y + Gap);
                y += Space(i);
            }
        });
    }

    private static Block Row(IReadOnlyList<Block> blocks)
    {
        var width = blocks.Sum(block => block.Width) + Gap * (blocks.Count - 1);
        return new(width, blocks.Max(block => block.Height), (drawing, x, y) =>
        {
            x -= width / 2;
            foreach (var block in blocks)
            {
                block.Draw(drawing, x + block.Width / 2, y);
                x += block.Width + Gap;
            }
        });
    }

    private static Block Frame(string title, Block inside, string figures)
    {
        var width = Math.Max(inside.Width, Math.Max(title.Length, figures.Length) * CharacterWidth) + 2 * Padding;
        var height = inside.Height + 2 * LineHeight + 3 * Padding;
        return new(width, height, (drawing, x, y) =>
        {
            var group = new XElement(Svg + "g");
            drawing.Add(group);
            group.Add(Element("rect", ("class", "frame"), ("x", x - width / 2), ("y", y), ("width", width), ("height", height), ("rx", 8)));
            Write(group, "type", title, x, y + LineHeight);
            inside.Draw(group, x, y + LineHeight + Padding);
            Write(group, "figure", figures, x, y + height - Padding);
        });
    }

    private static void Arrow(XElement drawing, double x1, double y1, double x2, double y2) =>
        drawing.Add(Element("line", ("class", "flow"), ("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2)));

    private static void Write(XElement drawing, string style, string text, double x, double y)
    {
        var element = Element("text", ("class", style), ("x", x), ("y", y));
        element.Value = text;
        drawing.Add(element);
    }

    private static XElement Element(string name, params (string Name, object Value)[] attributes) =>
        new(Svg + name, attributes.Select(a => new XAttribute(a.Name, a.Value is double number ? Number(number) : a.Value)));

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
