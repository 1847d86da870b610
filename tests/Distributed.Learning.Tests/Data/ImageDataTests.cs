using StbImageWriteSharp;

namespace Distributed.Learning.Tests;

public sealed class ImageDataTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Cifar_records_are_a_class_and_three_planes()
    {
        WriteCifar();
        var (training, test) = Open(
            ("format", "cifar10"), ("mean", new object[] { 0.1, 0.2, 0.3 }), ("std", new object[] { 0.5, 0.25, 0.125 }));
        using (training)
        using (test)
        using (var batch = training.Gather([3]))
        {
            Assert.Equal((10, 2), (training.Count, test.Count));
            Assert.Equal([3L, 32, 32], training.InputShape);
            Assert.Equal(3, batch.Targets[0].item<long>());
            // Red is all 3, green 103, blue 203.
            Assert.Equal((3 / 255f - 0.1f) / 0.5f, batch.Inputs[0, 0, 5, 6].item<float>(), 1e-5f);
            Assert.Equal((103 / 255f - 0.2f) / 0.25f, batch.Inputs[0, 1, 31, 31].item<float>(), 1e-5f);
            Assert.Equal((203 / 255f - 0.3f) / 0.125f, batch.Inputs[0, 2, 0, 0].item<float>(), 1e-5f);
            Assert.Equal("airplane", training.Notes.ClassNames[0]);
        }
    }

    [Fact]
    public void Damaged_cifar_files_are_named()
    {
        Assert.Contains("expected a folder cifar-10-batches-bin or cifar10", Refused(("format", "cifar10")));
        WriteCifar();
        folder.Write("cifar10/data_batch_2.bin", new byte[3073 + 5]);
        Assert.Contains("data_batch_2.bin: expected whole records of 3073 bytes, got 3078 bytes", Refused(("format", "cifar10")));
        folder.Write("cifar10/data_batch_2.bin", [.. Enumerable.Repeat((byte)10, 3073)]);
        Assert.Contains("expected classes from 0 to 9, got 10 at record 0", Refused(("format", "cifar10")));
        File.Delete(Path.Combine(folder.Path, "cifar10", "data_batch_2.bin"));
        Assert.Contains("data_batch_2.bin: no such file", Refused(("format", "cifar10")));
    }

    [Fact]
    public void Folders_are_classes_and_images_of_any_size_are_brought_to_one()
    {
        WritePng("pets/cat/a.png", 8, 6, (x, _) => ((byte)(10 * x), 50, 60));
        WritePng("pets/cat/b.png", 4, 4, (_, _) => (100, 100, 100));
        WritePng("pets/dog/c.png", 2, 2, (_, _) => (200, 0, 40));
        var (training, test) = Open(("format", "images"), ("folder", "pets"), ("size", new object[] { 3, 4 }), ("test-every", 3));
        using (training)
        using (test)
        using (Batch known = training.Gather([0, 1]), other = test.Gather([0]))
        {
            Assert.Equal((2, 1, 2), (training.Count, test.Count, training.Classes));
            Assert.Equal([3L, 3, 4], training.InputShape);
            Assert.Equal(["cat", "dog"], training.Notes.ClassNames);
            Assert.Equal([0L, 1], known.Targets.data<long>().ToArray());
            Assert.Equal(100 / 255f, known.Inputs[0, 1, 2, 3].item<float>(), 1e-5f);
            Assert.Equal(40 / 255f, known.Inputs[1, 2, 0, 0].item<float>(), 1e-5f);
            // Columns 2 and 3 of 8 become column 1 of 4: the mean of 20 and 30.
            Assert.Equal(25 / 255f, other.Inputs[0, 0, 0, 1].item<float>(), 1e-5f);
        }
    }

    [Fact]
    public void What_is_no_image_is_named_or_skipped()
    {
        WritePng("pets/cat/a.png", 4, 4, (_, _) => (1, 1, 1));
        WritePng("pets/cat/b.png", 4, 4, (_, _) => (1, 1, 1));
        var bad = folder.Write("pets/cat/c.png", "no image");
        (string, object)[] keys = [("format", "images"), ("folder", "pets"), ("size", new object[] { 4, 4 }), ("test-every", 3)];

        Assert.StartsWith($"{bad}: ", Refused(keys));
        var (training, test) = Open([.. keys, ("on-bad-row", "skip")]);
        using (training)
        using (test) Assert.Equal((1, 1), (training.Count, training.Notes.SkippedRows));
        Assert.StartsWith($"{bad}: ", training.Notes.FirstSkippedRow);

        Directory.CreateDirectory(Path.Combine(folder.Path, "pets", "dog"));
        Assert.Contains("dog: expected images, got an empty folder", Refused(keys));
        Assert.Contains("expected a folder with a folder of images for each class", Refused(("format", "images"), ("folder", "no"), ("size", new object[] { 4, 4 })));
    }

    [Fact]
    public void Truncated_images_never_crash()
    {
        WritePng("pets/cat/a.png", 16, 16, (x, y) => ((byte)(x * y), (byte)x, (byte)y));
        var path = Path.Combine(folder.Path, "pets", "cat", "a.png");
        var whole = File.ReadAllBytes(path);
        var pixels = new byte[3 * 16 * 16];
        for (var length = 0; length < whole.Length; length += 7)
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.StartsWith(path, Record.Exception(() => ImageFile.Read(path, 3, 16, 16, pixels))?.Message ?? path);
        }
    }

    private void WriteCifar()
    {
        for (var number = 1; number <= 6; number++)
            folder.Write(
                number == 6 ? "cifar10/test_batch.bin" : $"cifar10/data_batch_{number}.bin",
                [.. CifarRecord((2 * number - 2) % 10), .. CifarRecord((2 * number - 1) % 10)]);
    }

    private static byte[] CifarRecord(int number) =>
    [
        (byte)number, .. Enumerable.Repeat((byte)number, 1024), .. Enumerable.Repeat((byte)(100 + number), 1024),
        .. Enumerable.Repeat((byte)(200 + number), 1024),
    ];

    private void WritePng(string name, int width, int height, Func<int, int, (byte, byte, byte)> colour)
    {
        var pixels = new byte[3 * width * height];
        for (var i = 0; i < width * height; i++) (pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2]) = colour(i % width, i / width);
        using var memory = new MemoryStream();
        new ImageWriter().WritePng(pixels, width, height, ColorComponents.RedGreenBlue, memory);
        folder.Write(name, memory.ToArray());
    }

    private (IDataSet Training, IDataSet Test) Open(params (string, object)[] keys) =>
        DataSpec.Read(Examples.Section(keys)).Open(folder.Path, 1);

    private string Refused(params (string, object)[] keys) => Assert.Throws<BadInputException>(() => Open(keys)).Message;
}
