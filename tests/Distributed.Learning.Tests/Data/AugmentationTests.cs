using static TorchSharp.torch;

namespace Distributed.Learning.Tests;

public sealed class AugmentationTests
{
    private static readonly Augmentation Nothing = new(0, 0, Flip: false, 0, 0, 0);

    [Fact]
    public void The_same_seed_gives_the_same_bits_and_another_one_others()
    {
        var everything = new Augmentation(2, 10, Flip: true, 4, 8, 0.05);
        float[] first = Apply(everything, 1), again = Apply(everything, 1), other = Apply(everything, 2);

        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
        Assert.All(first, value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void Nothing_leaves_the_batch_alone()
    {
        using var batch = Images();

        Assert.Same(batch, Nothing.Apply(batch, 1, [0]));
    }

    [Fact]
    public void A_crop_moves_each_image_by_whole_pixels_and_fills_with_black()
    {
        using var batch = Images();
        var original = Examples.Floats(batch.Inputs[0]);
        using var changed = (Nothing with { Crop = 2 }).Apply(batch, 3, [-5]);

        var moves = new HashSet<(int, int)>();
        for (var i = 0; i < 40; i++)
        {
            var found = Moves().Where(move => Moved(original, move.Down, move.Right).SequenceEqual(Examples.Floats(changed.Inputs[i]))).ToArray();
            Assert.Single(found);
            moves.Add(found[0]);
        }
        Assert.InRange(moves.Count, 10, 25);

        static IEnumerable<(int Down, int Right)> Moves() =>
            from down in Enumerable.Range(-2, 5) from right in Enumerable.Range(-2, 5) select (down, right);
    }

    [Fact]
    public void A_flip_mirrors_about_half_of_the_images()
    {
        using var batch = Images(200);
        using var original = batch.Inputs.clone();
        using var mirrored = original.flip(3);
        using var changed = (Nothing with { Flip = true }).Apply(batch, 3, [0]);

        var flipped = 0;
        for (var i = 0; i < 200; i++)
        {
            if (mirrored[i].Equals(changed.Inputs[i])) flipped++;
            else Assert.True(original[i].Equals(changed.Inputs[i]));
        }
        Assert.InRange(flipped, 75, 125);
    }

    [Fact]
    public void A_cutout_zeroes_one_square()
    {
        using var batch = new Batch(ones([50, 2, 12, 12]), zeros([50], ScalarType.Int64), 50);
        using var changed = (Nothing with { Cutout = 4 }).Apply(batch, 3, [0]);

        using var gone = (1 - changed.Inputs).sum([1L, 2, 3]);
        // 4 × 4 pixels of both channels, fewer at the edges.
        Assert.All(gone.data<float>().ToArray(), count => Assert.InRange(count, 2 * 4, 2 * 16));
        Assert.Contains(32f, gone.data<float>().ToArray());
    }

    [Fact]
    public void Noise_has_its_deviation_and_is_not_torchs_own_stream()
    {
        using (manual_seed(5)) { }
        using var batch = new Batch(zeros([100, 1, 10, 10]), zeros([100], ScalarType.Int64), 100);
        using var changed = (Nothing with { Noise = 0.5 }).Apply(batch, 3, [0]);
        using var after = rand(1);
        using (manual_seed(5)) { }
        using var undisturbed = rand(1);

        Assert.InRange(changed.Inputs.std().item<float>(), 0.48f, 0.52f);
        Assert.Equal(undisturbed.item<float>(), after.item<float>());
    }

    [Fact]
    public void A_turn_keeps_the_middle_and_turns_the_rest()
    {
        // A bright bar through the middle of a dark, wide image.
        using var dark = zeros([30, 1, 21, 41]);
        dark[.., .., 10, ..] = 1;
        using var batch = new Batch(dark.clone(), zeros([30], ScalarType.Int64), 30);
        using var changed = (Nothing with { Rotate = 45 }).Apply(batch, 3, [0]);

        using var middle = changed.Inputs[.., 0, 10, 20];
        Assert.All(middle.contiguous().data<float>().ToArray(), value => Assert.InRange(value, 0.5f, 1.01f));
        // Without the ratio of the sides the bar would get longer or shorter as it turns; it only leaves the image.
        using var brightness = changed.Inputs[.., 0, 4..17, 14..27].sum([1L, 2]);
        Assert.All(brightness.data<float>().ToArray(), value => Assert.InRange(value, 11.5f, 19.5f));
    }

    [Fact]
    public void What_images_need_is_refused_for_other_samples()
    {
        var text = Examples.Section(("format", "random"), ("shape", new object[] { 8 }), ("augment", Examples.Setting(new (string, object)[] { ("shift", 1) })));

        var message = Assert.Throws<BadInputException>(() => DataSpec.Read(text).Open(".", 1)).Message;

        Assert.Contains("data.augment: expected images [channels, height, width]", message);
    }

    [Fact]
    public void Only_the_training_set_is_changed_and_only_when_drawn()
    {
        var section = Examples.Section(
            ("format", "digits"), ("train", 20), ("test", 20), ("augment", Examples.Setting(new (string, object)[] { ("shift", 2), ("rotate", 10) })));
        var (training, test) = DataSpec.Read(section).Open(".", 1);
        var (plainTraining, plainTest) = DataSpec.Read(Examples.Section(("format", "digits"), ("train", 20), ("test", 20))).Open(".", 1);
        using (training)
        using (test)
        using (plainTraining)
        using (plainTest)
        {
            using Batch gathered = training.Gather([1, 2]), plain = plainTraining.Gather([1, 2]), drawn = training.Draw([1, 2], 5);
            using Batch tested = test.Draw([1, 2], 5), plainTested = plainTest.Gather([1, 2]), empty = training.Draw([], 5);
            Assert.True(gathered.Inputs.Equals(plain.Inputs));
            Assert.False(drawn.Inputs.Equals(plain.Inputs));
            Assert.True(tested.Inputs.Equals(plainTested.Inputs));
            Assert.Equal(0, empty.Samples);
            // What moves in is black, which is not 0 here.
            Assert.Equal(plain.Inputs.min().item<float>(), drawn.Inputs.min().item<float>(), 1e-3f);
        }
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        var everything = new Augmentation(2, 10, Flip: true, 4, 8, 0.05);
        using var warm = everything.Apply(Images(), 1, [0]);
        var before = Examples.LiveTensors();
        using (NewDisposeScope()) everything.Apply(Images(), 1, [0]).Dispose();

        Assert.InRange(Examples.LiveTensors(), 0, before);
    }

    // Every pixel of an image differs from every other.
    private static Batch Images(int count = 40)
    {
        using var numbers = arange(1, 2 * 8 * 8 + 1, dtype: ScalarType.Float32);
        return new Batch(numbers.view(1, 2, 8, 8).repeat(count, 1, 1, 1).DetachFromDisposeScope(), zeros([count], ScalarType.Int64).DetachFromDisposeScope(), count);
    }

    private static float[] Apply(Augmentation augmentation, long seed)
    {
        using var changed = augmentation.Apply(Images(), seed, [0]);
        return changed.Inputs.data<float>().ToArray();
    }

    // Two channels of 8 × 8, with -5 where something moves in from outside.
    private static float[] Moved(float[] image, int down, int right) =>
        [.. Enumerable.Range(0, image.Length).Select(i =>
            i / 8 % 8 + down is >= 0 and < 8 && i % 8 + right is >= 0 and < 8 ? image[i + 8 * down + right] : -5)];
}
