using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Random changes of training images that leave their class as it is, so that a network sees each image in many ways:
/// <c>data.augment { shift = 2, rotate = 10, flip = horizontal, crop = 4, cutout = 8, noise = 0.05 }</c>. Every image of a batch is
/// changed on its own, by tensor operations over the whole batch. What they are follows from a seed alone.
/// </summary>
/// <param name="Shift">Moves by up to so many pixels, whole or not, in both directions.</param>
/// <param name="Rotate">Turns by up to so many degrees either way.</param>
/// <param name="Flip">Mirrors every other image, left to right.</param>
/// <param name="Crop">Adds a black border of so many pixels and cuts the image's size out of it anywhere: moves by whole pixels.</param>
/// <param name="Cutout">
/// Sets a square with sides of so many pixels, anywhere, to 0 (DeVries, Taylor, "Improved regularization of convolutional neural networks
/// with cutout", 2017).
/// </param>
/// <param name="Noise">Adds normal noise of this deviation, in units of what the model sees.</param>
public sealed record Augmentation(double Shift, double Rotate, bool Flip, int Crop, int Cutout, double Noise)
{
    // Torch's noise and our own draws come from the same seed: they must not be the same stream.
    private const ulong NoiseStream = 0x6E6F_6973_6500_0001;

    private bool Moves => Shift > 0 || Rotate > 0 || Flip || Crop > 0;

    /// <summary>Reads the section <c>data.augment</c>.</summary>
    /// <exception cref="BadInputException">A key is unknown or out of its range.</exception>
    public static Augmentation Read(SettingsSection section)
    {
        var augmentation = new Augmentation(
            section.Number("shift", 0, 0, 1000),
            section.Number("rotate", 0, 0, 180),
            section.OneOf("flip", "none", "none", "horizontal") == "horizontal",
            section.Integer("crop", 0, 0, 1000),
            section.Integer("cutout", 0, 0, 1000),
            section.Number("noise", 0, 0));
        section.RejectUnknownKeys();
        return augmentation;
    }

    /// <summary>Whether samples of this shape can be changed so: noise fits every sample of numbers, the rest needs images.</summary>
    internal bool Fits(IReadOnlyList<long> sample, bool tokens) => !tokens && (sample.Count == 3 || !Moves && Cutout == 0);

    /// <summary>Changes a batch.</summary>
    /// <param name="batch">Images, <c>[samples, channels, height, width]</c>; disposed, or given back where nothing is to be changed.</param>
    /// <param name="seed">What the changes follow from.</param>
    /// <param name="black">What a black pixel is, one number or one for each channel: what moves in from outside.</param>
    /// <returns>The changed batch; it belongs to the caller.</returns>
    public Batch Apply(Batch batch, long seed, float[] black)
    {
        ComputeThread.Enter();
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var images = batch.Inputs;
        var random = new Xoshiro256(unchecked((ulong)seed));
        if (Moves) images = Move(images, random, black);
        if (Cutout > 0) images = CutOut(images, random);
        if (Noise > 0)
        {
            using var generator = new Generator(SplitMix64.Hash(unchecked((ulong)seed), NoiseStream), CPU);
            images = images + randn(images.shape, dtype: ScalarType.Float32, generator: generator) * Noise;
        }
        if (ReferenceEquals(images, batch.Inputs)) return batch;
        batch.Inputs.Dispose();
        return batch with { Inputs = images.MoveToOuterDisposeScope().DetachFromDisposeScope() };
    }

    // One matrix for each image says where in the original its pixels come from, in coordinates from -1 to 1 (affine_grid).
    private Tensor Move(Tensor images, Xoshiro256 random, float[] black)
    {
        var (samples, height, width) = (images.shape[0], images.shape[2], images.shape[3]);
        var matrices = new float[samples * 6];
        for (var i = 0; i < samples; i++)
        {
            var (sine, cosine) = Rotate > 0 ? Math.SinCos(Math.PI / 180 * random.Between(-Rotate, Rotate)) : (0, 1);
            double right = Shift > 0 ? random.Between(-Shift, Shift) : 0, down = Shift > 0 ? random.Between(-Shift, Shift) : 0;
            if (Crop > 0)
            {
                right += random.Below(2 * Crop + 1) - Crop;
                down += random.Below(2 * Crop + 1) - Crop;
            }
            var mirror = Flip && random.Below(2) == 1 ? -1 : 1;
            ReadOnlySpan<double> matrix =
            [
                mirror * cosine, -mirror * sine * height / width, 2 * right / width,
                sine * width / height, cosine, 2 * down / height,
            ];
            for (var j = 0; j < 6; j++) matrices[i * 6 + j] = (float)matrix[j];
        }

        var grid = nn.functional.affine_grid(tensor(matrices).view(samples, 2, 3), images.shape, align_corners: false);
        // Whole pixels are copied as they are; what lies between some is mixed of them.
        var mode = Rotate > 0 || Shift > 0 ? GridSampleMode.Bilinear : GridSampleMode.Nearest;
        // Outside is 0, and 0 is not black.
        var outside = Pixels.OfChannels(black, 4);
        return nn.functional.grid_sample(images - outside, grid, mode, GridSamplePaddingMode.Zeros, align_corners: false).add_(outside);
    }

    // Squares may reach over the edges, as in the paper.
    private Tensor CutOut(Tensor images, Xoshiro256 random)
    {
        var (samples, height, width) = (images.shape[0], images.shape[2], images.shape[3]);
        var tops = new long[samples];
        var lefts = new long[samples];
        for (var i = 0; i < samples; i++)
        {
            tops[i] = random.Below((int)height) - Cutout / 2;
            lefts[i] = random.Below((int)width) - Cutout / 2;
        }
        var rows = Within(tops, height).unsqueeze(2);
        var columns = Within(lefts, width).unsqueeze(1);
        return images.masked_fill((rows & columns).unsqueeze(1), 0);

        Tensor Within(long[] starts, long size)
        {
            var places = arange(size, dtype: ScalarType.Int64).unsqueeze(0);
            var start = tensor(starts).unsqueeze(1);
            return places.ge(start) & places.lt(start + Cutout);
        }
    }
}
