using Distributed.Learning;
using StbImageWriteSharp;
using static TorchSharp.torch;

namespace Distributed.Cli.Commands;

/// <summary>Draws many images of a data set into one.</summary>
internal static class ContactSheet
{
    /// <summary>How many images a sheet holds at most.</summary>
    public const int MostImages = 64;

    private const int PerRow = 8;
    private const int Gap = 2;

    // Smaller images are shown larger, by a whole factor.
    private const int ComfortableSide = 64;

    /// <summary>Writes the first images as a PNG.</summary>
    /// <param name="path">The file.</param>
    /// <param name="training">The training set; its images are <c>[1 or 3, height, width]</c>.</param>
    /// <param name="seed">Where random changes of the images come from.</param>
    /// <exception cref="BadInputException">The samples are no images.</exception>
    public static void Write(string path, IDataSet training, long seed)
    {
        if (training.InputShape is not [1 or 3, _, _])
            throw new BadInputException(
                $"--sheet {path}: expected data of images [1 or 3, height, width], got [{string.Join(", ", training.InputShape)}]");
        using var scope = NewDisposeScope();
        using var batch = training.Draw([.. Enumerable.Range(0, Math.Min(MostImages, training.Count))], seed);
        var (pixels, width, height) = Arrange(batch);
        using var file = File.Create(path);
        new ImageWriter().WritePng(pixels, width, height, ColorComponents.RedGreenBlue, file);
    }

    // [samples, channels, height, width] -> [rows · height, PerRow · width, 3], the darkest value black and the brightest white.
    private static (byte[] Pixels, int Width, int Height) Arrange(Batch batch)
    {
        var images = batch.Inputs;
        var darkest = images.min();
        var range = (images.max() - darkest).clamp_min(1e-6);
        var factor = (int)Math.Max(1, ComfortableSide / Math.Max(images.shape[2], images.shape[3]));
        images = ((images - darkest) / range * 255).repeat_interleave(factor, 2).repeat_interleave(factor, 3).expand(-1, 3, -1, -1);
        var (tileHeight, tileWidth) = (images.shape[2] + Gap, images.shape[3] + Gap);
        var rows = (batch.Samples + PerRow - 1) / PerRow;
        var tiles = zeros([rows * PerRow, 3, tileHeight, tileWidth]);
        tiles[..batch.Samples, .., ..(int)images.shape[2], ..(int)images.shape[3]] = images;
        using var sheet = tiles.view(rows, PerRow, 3, tileHeight, tileWidth).permute(0, 3, 1, 4, 2).contiguous().to_type(ScalarType.Byte);
        return (sheet.data<byte>().ToArray(), (int)(PerRow * tileWidth), (int)(rows * tileHeight));
    }
}
