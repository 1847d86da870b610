using StbImageSharp;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Decodes an image file (JPEG, PNG, BMP, GIF, TGA, PSD) and brings it to a given size. The decoder is StbImageSharp: public domain,
/// C# without native parts, so it runs wherever the program does.
/// </summary>
internal static class ImageFile
{
    // Beyond that it is a mistake or an attack: a small file can announce any size.
    private const long MostPixels = 1 << 26;

    /// <summary>Reads an image.</summary>
    /// <param name="path">The file.</param>
    /// <param name="channels">1 for grey, 3 for red, green and blue.</param>
    /// <param name="height">The height to bring it to.</param>
    /// <param name="width">The width to bring it to; the proportions may change.</param>
    /// <param name="bytes">Takes <c>[channels, height, width]</c>.</param>
    /// <exception cref="BadInputException">The file is no such image.</exception>
    public static void Read(string path, int channels, int height, int width, Span<byte> bytes)
    {
        var image = Decode(path, channels);
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var pixels = frombuffer(image.Data, ScalarType.Byte).view(image.Height, image.Width, channels).permute(2, 0, 1);
        if (image.Height != height || image.Width != width)
            pixels = nn.functional.interpolate(
                    pixels.unsqueeze(0).to_type(ScalarType.Float32), [height, width], mode: InterpolationMode.Area)
                .round_().clamp_(0, 255).to_type(ScalarType.Byte);
        pixels.contiguous().data<byte>().CopyTo(bytes);
    }

    private static ImageResult Decode(string path, int channels)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
            var info = ImageInfo.FromStream(file)
                ?? throw DataFile.Bad(path, "expected an image (JPEG, PNG, BMP, GIF, TGA or PSD), got something else");
            if ((long)info.Width * info.Height is 0 or > MostPixels)
                throw DataFile.Bad(path, $"expected an image of at most {MostPixels} pixels, got {info.Width} x {info.Height}");
            file.Position = 0;
            return ImageResult.FromStream(file, channels == 1 ? ColorComponents.Grey : ColorComponents.RedGreenBlue);
        }
        catch (Exception e) when (e is not BadInputException and not OutOfMemoryException)
        {
            // The decoder has no exception of its own: whatever a damaged file makes it throw means that.
            throw DataFile.Bad(path, $"cannot be read as an image: {e.Message}", e);
        }
    }
}
