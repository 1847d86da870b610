using System.Globalization;
using System.Xml.Linq;
using Distributed.Cli.Describing;
using Distributed.Cluster.Jobs;
using Distributed.Learning;

namespace Distributed.Cli.Tests;

public class ModelDescriptionTests
{
    private const string Nested = """
        name = net
        model {
          input = [3, 8, 8]
          layers = [
            { type = conv2d, out = 4, kernel = 3, padding = 1 }
            { type = residual, layers = [ relu, { type = conv2d, out = 8, kernel = 1 } ], shortcut = [ { type = conv2d, out = 8, kernel = 1, bias = false } ] }
            { type = residual, layers = [ { type = parallel, branches = [ [ tanh ], [] ], combine = add } ] }
            flatten
            { type = linear, out = 10 }
          ]
        }
        data { format = random, train = 64, test = 8 }
        optimizer { type = sgd, learning-rate = 0.1 }
        epochs = 1
        batch = 8
        """;

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void The_table_indents_layers_inside_layers_and_adds_up() => Assert.Equal(
        """
        layer            output      parameters
        0 conv2d         [4, 8, 8]          112
        1 residual       [8, 8, 8]           72
           layers
              0 relu     [4, 8, 8]
              1 conv2d   [8, 8, 8]           40
           shortcut
              0 conv2d   [8, 8, 8]           32
        2 residual       [8, 8, 8]
           layers
              0 parallel [8, 8, 8]
                 branches[0]
                    0 tanh [8, 8, 8]
                 branches[1]: the input
        3 flatten        [512]
        4 linear         [10]             5,130

        5,314 parameters, 21.3 kB
        """.ReplaceLineEndings("\n").Split('\n').Select(Squeezed),
        ModelTable.Lines(Layers(Nested)).Select(Squeezed));

    [Fact]
    public void In_bfloat16_the_table_says_what_stays_float32_wherever_it_is()
    {
        const string net = """
            model { input = [3, 8, 8], layers = [
              { type = conv2d, out = 4, kernel = 1 }, { type = residual, layers = [ batch-norm, relu ] }, batch-norm, flatten, { type = linear, out = 10 }, softmax ] }
            data { format = random, train = 64, test = 8 }
            optimizer { type = sgd, learning-rate = 0.1 }
            epochs = 1
            batch = 8
            """;
        var lines = ModelTable.Lines(Layers(net), Precision.Bfloat16);
        Assert.Contains("workers compute in bfloat16 and exchange 5.2 kB each way; servers keep float32", lines);
        Assert.Contains("computed in float32: batch-norm (all of it), softmax (all of it), the loss", lines);
        Assert.DoesNotContain(ModelTable.Lines(Layers(net)), line => line.Contains("float", StringComparison.Ordinal));
    }

    [Fact]
    public void The_columns_of_the_table_are_aligned()
    {
        var lines = ModelTable.Lines(Layers(Nested));
        var column = lines[0].IndexOf("output", StringComparison.Ordinal);
        Assert.All(lines.Skip(1).Where(line => line.Contains('[') && !line.Contains("branches")), line => Assert.Equal(column, line.IndexOf('[')));
        Assert.Equal(lines[0].Length, lines[1].Length);
        Assert.All(lines, line => Assert.Equal(line.TrimEnd(), line));
    }

    [Fact]
    public void The_drawing_is_XML_with_a_text_for_every_layer_and_shape()
    {
        var drawing = XDocument.Parse(Draw(Nested).ToString());
        Assert.Equal(Svg + "svg", drawing.Root!.Name);
        var texts = drawing.Descendants(Svg + "text").Select(text => text.Value).ToArray();
        Assert.Equal(["0 conv2d", "0 conv2d"], texts.Where(text => text == "0 conv2d"));
        foreach (var expected in new[] { "input", "[3, 8, 8]", "112 parameters", "1 residual", "shortcut", "[8, 8, 8], 72 parameters", "branches[1]", "4 linear", "5,130 parameters" })
            Assert.Contains(expected, texts);
        Assert.Equal(3, drawing.Descendants(Svg + "g").Count());
    }

    [Fact]
    public void Every_box_lies_within_the_drawing_and_within_the_frame_around_it()
    {
        var root = Draw(Nested).Root!;
        var page = (X: 0.0, Y: 0.0, Right: Value(root, "width"), Bottom: Value(root, "height"));
        Check(root, page);

        static void Check(XElement parent, (double X, double Y, double Right, double Bottom) outer)
        {
            var boxes = parent.Elements(Svg + "rect").Select(rect =>
                (X: Value(rect, "x"), Y: Value(rect, "y"), Right: Value(rect, "x") + Value(rect, "width"), Bottom: Value(rect, "y") + Value(rect, "height"))).ToArray();
            Assert.All(boxes, box => Assert.True(box.X >= outer.X && box.Y >= outer.Y && box.Right <= outer.Right && box.Bottom <= outer.Bottom, $"{box} in {outer}"));
            foreach (var group in parent.Elements(Svg + "g"))
            {
                var frame = group.Elements(Svg + "rect").First();
                Check(group, (Value(frame, "x"), Value(frame, "y"), Value(frame, "x") + Value(frame, "width"), Value(frame, "y") + Value(frame, "height")));
            }
        }
    }

    [Fact]
    public void Whatever_a_name_holds_is_escaped()
    {
        var drawing = ModelDrawing.Draw([1], [new LayerShape(0, "<a & \"b\">", [1], [1], 0, [])]).ToString();
        Assert.Contains("&lt;a &amp; \"b\"&gt;", drawing);
        Assert.Equal("0 <a & \"b\">", XDocument.Parse(drawing).Descendants(Svg + "text").ElementAt(2).Value);
    }

    [Fact]
    public void Every_shipped_job_can_be_described()
    {
        foreach (var name in Job.Shipped())
        {
            var job = Job.Load(name, new JobOverrides());
            Assert.NotEmpty(ModelTable.Lines(job.Model.CheckShapes()));
            Assert.NotNull(ModelDrawing.Draw(job.Model.Input, job.Model.CheckShapes()).Root);
        }
    }

    private static double Value(XElement element, string name) =>
        element.Attribute(name) is { } attribute ? double.Parse(attribute.Value, CultureInfo.InvariantCulture) : 0;

    // Columns have a test of their own.
    private static string Squeezed(string line)
    {
        var indent = line.Length - line.TrimStart().Length;
        return new string(' ', indent) + string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    private static IReadOnlyList<LayerShape> Layers(string job) => Job.Parse("net.hocon", job, new JobOverrides()).Model.CheckShapes();

    private static XDocument Draw(string job) => ModelDrawing.Draw([3, 8, 8], Layers(job));
}
