using System.Globalization;
using System.Security;
using System.Text;
using Distributed.Learning;
using TorchSharp;
using static TorchSharp.torch;

namespace Distributed.Cli.Pictures;

/// <summary>
/// A sheet of pictures with a row for each sample: the input, and by three methods what speaks for the predicted class (red) and against
/// it (blue). Methods that disagree are a warning not to read too much into one of them.
/// </summary>
internal static class ExplanationSheet
{
    private const int Side = 112;
    private const int Gap = 12;
    private const int Label = 150;
    private const int Head = 56;

    /// <summary>The sheet as SVG with the pictures inside.</summary>
    /// <param name="title">What stands above.</param>
    /// <param name="model">From inputs to outputs, in evaluation mode, differentiable.</param>
    /// <param name="images">Float32, <c>[samples, 1 or 3, height, width]</c>.</param>
    /// <param name="classes">The class asked about, <c>[samples]</c>.</param>
    /// <param name="predictions">What the model said, for the labels.</param>
    public static string Draw(string title, Func<Tensor, Tensor> model, Tensor images, Tensor classes, IReadOnlyList<Prediction> predictions)
    {
        using var scope = NewDisposeScope();
        var least = images.min().ToDouble();
        (string Name, Tensor Images)[] columns =
        [
            ("input", images),
            ("saliency", Attribution.Saliency(model, images, classes)),
            ("integrated gradients", Attribution.IntegratedGradients(model, images, classes, least)),
            ("occlusion", Attribution.Occlusion(model, images, classes, least)),
        ];
        var (width, height) = (Label + (columns.Length * (Side + Gap)), Head + (predictions.Count * (Side + Gap)));
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n");
        svg.Append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        Text(svg, 10, 20, $"{title}: what speaks for the predicted class (red) and against it (blue)");
        for (var column = 0; column < columns.Length; column++)
        {
            Text(svg, Label + (column * (Side + Gap)), 46, columns[column].Name);
            for (var row = 0; row < predictions.Count; row++)
                Picture(svg, Label + (column * (Side + Gap)), Head + (row * (Side + Gap)), columns[column].Images[row], coloured: column > 0);
        }

        for (var row = 0; row < predictions.Count; row++)
        {
            var prediction = predictions[row];
            var top = Head + (row * (Side + Gap));
            Text(svg, 10, top + 40, $"sample {prediction.Sample}");
            Text(svg, 10, top + 58, $"true {prediction.Targets[0].ToString("G4", CultureInfo.InvariantCulture)}");
            Text(svg, 10, top + 76, prediction.Class is { } predicted
                ? $"predicted {predicted} ({Probability(prediction).ToString("P0", CultureInfo.InvariantCulture)})"
                : $"predicted {prediction.Values[0].ToString("G4", CultureInfo.InvariantCulture)}");
        }

        return svg.Append("</svg>\n").ToString();
    }

    // A single probability is that of class 1.
    private static double Probability(Prediction prediction) =>
        prediction.Values.Length > 1 || prediction.Class == 1 ? prediction.Values.Max() : 1 - prediction.Values[0];

    private static void Picture(StringBuilder svg, int left, int top, Tensor image, bool coloured)
    {
        using var scope = NewDisposeScope();
        // Attributions of colour channels add up; their greatest size gets the full colour.
        var pixels = (coloured ? image.sum([0L], keepdim: true) : image).detach();
        var (low, high) = (pixels.min().ToSingle(), pixels.max().ToSingle());
        var most = Math.Max(Math.Abs(low), Math.Abs(high));
        var (channels, height, width) = ((int)pixels.shape[0], (int)pixels.shape[1], (int)pixels.shape[2]);
        var values = pixels.contiguous().data<float>().ToArray();
        var rgb = new byte[height * width * 3];
        for (var i = 0; i < height * width; i++)
            for (var colour = 0; colour < 3; colour++)
                rgb[(i * 3) + colour] = coloured
                    ? Diverging(most > 0 ? values[i] / most : 0, colour)
                    : (byte)(255 * (high > low ? (values[(colour % channels * height * width) + i] - low) / (high - low) : 0));
        svg.Append(CultureInfo.InvariantCulture, $"<image x=\"{left}\" y=\"{top}\" width=\"{Side}\" height=\"{Side}\" style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{Convert.ToBase64String(Png.Encode(width, height, rgb))}\"/>\n");
    }

    // From blue (-1) over white to red (1).
    private static byte Diverging(float value, int colour)
    {
        var kept = colour == (value > 0 ? 0 : 2);
        return (byte)(255 * (kept ? 1 : 1 - Math.Min(1, Math.Abs(value))));
    }

    private static void Text(StringBuilder svg, int x, int y, string text) =>
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x}\" y=\"{y}\">{SecurityElement.Escape(text)}</text>\n");
}
