namespace Distributed.Learning.Tests;

public sealed class SeriesDataTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Windows_are_followed_by_what_is_to_be_predicted()
    {
        folder.Write("s.csv", "t,v\n" + string.Concat(Enumerable.Range(0, 20).Select(i => $"{i},{10 * i}\n")));
        var (training, test) = Open(("file", "s.csv"), ("column", "v"), ("time", 3), ("horizon", 2), ("test-last", 0.5));
        using (training)
        using (test)
        using (Batch first = training.Gather([0, 5]), later = test.Gather([0]))
        {
            Assert.Equal((6, 6, 0), (training.Count, test.Count, training.Classes));
            Assert.Equal([2L, 3, 1], first.Inputs.shape);
            Assert.Equal([0.0, 10, 20, 50, 60, 70], Units(training, first.Inputs.data<float>().ToArray()));
            Assert.Equal([30.0, 40, 80, 90], Units(training, first.Targets.data<float>().ToArray()));
            Assert.Equal([130.0, 140], Units(test, later.Targets.data<float>().ToArray()));
        }
    }

    [Fact]
    public void A_sine_is_drawn_and_its_noise_follows_the_seed()
    {
        var (plain, plainTest) = Open(("generate", "sine"), ("points", 200), ("period", 20), ("time", 20));
        using (plain)
        using (plainTest)
        using (var batch = plain.Gather([7]))
            // One period later it is where it was.
            Assert.Equal(batch.Inputs[0, 0, 0].item<float>(), batch.Targets[0, 0].item<float>(), 1e-4f);

        Assert.Equal(Noisy(1), Noisy(1));
        Assert.NotEqual(Noisy(1), Noisy(2));
    }

    [Fact]
    public void What_is_wrong_is_named()
    {
        folder.Write("s.csv", "v\n1\n2\nx\n");

        Assert.Contains("s.csv:4: column v: expected a finite number, got 'x'", Refused(("file", "s.csv"), ("column", "v"), ("time", 1)));
        Assert.Contains("expected a column 'w'", Refused(("file", "s.csv"), ("column", "w"), ("time", 1)));
        Assert.Contains("expected at least 151 numbers", Refused(("generate", "sine"), ("points", 400), ("time", 150)));
        Assert.Contains("expected 'sine'", Refused(("generate", "cosine"), ("time", 5)));
    }

    private float[] Noisy(long seed)
    {
        var (training, test) = DataSpec.Read(Examples.Section(("format", "series"), ("generate", "sine"), ("noise", 0.1), ("time", 5))).Open(folder.Path, seed);
        using (training)
        using (test)
        using (var batch = training.Gather([0])) return batch.Inputs.data<float>().ToArray();
    }

    private static double[] Units(IDataSet data, float[] values) => [.. values.Select(value => Math.Round(data.TargetScale.ToUnits(value), 2))];

    private (IDataSet Training, IDataSet Test) Open(params (string, object)[] keys) =>
        DataSpec.Read(Examples.Section([("format", "series"), .. keys])).Open(folder.Path, 1);

    private string Refused(params (string, object)[] keys) => Assert.Throws<BadInputException>(() => Open(keys)).Message;
}
