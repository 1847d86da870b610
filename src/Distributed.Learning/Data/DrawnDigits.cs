namespace Distributed.Learning;

/// <summary>
/// Handwritten-looking digits that the program draws itself, so that a first run needs no download: ten classes of grey images
/// of 28 × 28 pixels. Each sample is one way of writing its digit, with the strokes' points jittered, then slanted, turned, scaled and
/// shifted, drawn with a pen of random thickness and brightness, and disturbed by short stray strokes and noise. A sample is a
/// pure function of the seed and its index, in plain arithmetic that every machine does alike.
/// </summary>
internal static class DrawnDigits
{
    /// <summary>Digits 0 to 9.</summary>
    public const int Classes = 10;

    private const int MostStrayStrokes = 2;

    /// <summary>The shape of one image, <c>[channels, height, width]</c>.</summary>
    public static IReadOnlyList<long> Shape { get; } = [1, DigitCanvas.Side, DigitCanvas.Side];

    /// <summary>Measured over 10,000 samples, rounded: inputs have about mean 0 and variance 1.</summary>
    public static Pixels Pixels { get; } = new(0.105, 0.22);

    /// <summary>Draws a set. The classes take turns, so any run of ten samples holds each once.</summary>
    /// <param name="samples">How many.</param>
    /// <param name="seed">What the set depends on.</param>
    public static IDataSet Create(int samples, ulong seed)
    {
        var images = new byte[samples * Size];
        var labels = new byte[samples];
        var canvas = new DigitCanvas();
        for (var i = 0; i < samples; i++) labels[i] = (byte)Draw(seed, i, canvas, images.AsSpan(i * Size, Size));
        return TensorDataSet.OfBytes(images, labels, Shape, Classes, Pixels);
    }

    /// <summary>Bytes of one image.</summary>
    internal const int Size = DigitCanvas.Side * DigitCanvas.Side;

    /// <summary>Draws one sample and returns its class.</summary>
    /// <param name="seed">What the set depends on.</param>
    /// <param name="index">The number of the sample.</param>
    /// <param name="canvas">Scratch.</param>
    /// <param name="image"><see cref="Size"/> bytes, row by row.</param>
    internal static int Draw(ulong seed, int index, DigitCanvas canvas, Span<byte> image)
    {
        var random = new Xoshiro256(SplitMix64.Hash(seed, (ulong)index));
        var digit = index % Classes;
        var hand = Hand.Random(random);
        canvas.Clear();
        Span<(double, double)> points = stackalloc (double, double)[16];
        var ways = DigitStrokes.Of(digit);
        foreach (var stroke in ways[random.Below(ways.Count)])
        {
            var placed = points[..stroke.Points.Length];
            for (var i = 0; i < placed.Length; i++) placed[i] = hand.Place(stroke.Points[i], random);
            if (stroke.Smooth) canvas.Curve(placed, hand.Thickness, hand.Brightness);
            else canvas.Polyline(placed, hand.Thickness, hand.Brightness);
        }
        for (var stray = random.Below(MostStrayStrokes + 1); stray > 0; stray--) Stray(random, canvas);
        canvas.Develop(image, hand.Noise, random);
        return digit;
    }

    // A short scratch anywhere, as of a neighbouring word or a dirty scanner.
    private static void Stray(Xoshiro256 random, DigitCanvas canvas)
    {
        double x = random.Between(0, DigitCanvas.Side), y = random.Between(0, DigitCanvas.Side);
        var end = (x + random.Between(-5, 5), y + random.Between(-5, 5));
        canvas.Polyline([(x, y), end], random.Between(0.5, 1.6), random.Between(0.3, 0.9));
    }

    // How one writer holds the pen for one digit.
    private readonly record struct Hand(
        double Thickness, double Brightness, double Noise, double Jitter,
        double Xx, double Xy, double Yx, double Yy, double ShiftX, double ShiftY)
    {
        public static Hand Random(Xoshiro256 random)
        {
            var turn = 0.14 * random.Bell();
            var slant = 0.2 * random.Bell();
            double height = random.Between(7.5, 10.8), width = height * random.Between(0.75, 1.25);
            double cosine = Cosine(turn), sine = Sine(turn);
            return new Hand(
                Thickness: random.Between(1.0, 3.2), Brightness: random.Between(0.6, 1.0),
                Noise: random.Between(0.02, 0.1), Jitter: 0.06,
                Xx: width * cosine, Xy: -width * slant * cosine - height * sine,
                Yx: width * sine, Yy: height * cosine - width * slant * sine,
                ShiftX: 13.5 + 1.2 * random.Bell(), ShiftY: 13.5 + 1.1 * random.Bell());
        }

        // From the digit's own coordinates to pixels.
        public (double X, double Y) Place((double X, double Y) point, Xoshiro256 random)
        {
            double x = point.X + Jitter * random.Bell(), y = point.Y + Jitter * random.Bell();
            return (ShiftX + Xx * x + Xy * y, ShiftY + Yx * x + Yy * y);
        }

        // Series instead of the library's functions, whose last bit differs from one C library to the next; angles are below 0.5.
        private static double Cosine(double a) => 1 - a * a / 2 * (1 - a * a / 12 * (1 - a * a / 30));

        private static double Sine(double a) => a * (1 - a * a / 6 * (1 - a * a / 20));
    }
}
