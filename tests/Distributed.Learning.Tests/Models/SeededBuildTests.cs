namespace Distributed.Learning.Tests;

public class SeededBuildTests
{
    [Fact]
    public async Task Threads_that_build_at_once_get_the_weights_of_their_seeds()
    {
        var model = new ModelSpec([64], [new LinearLayer(64), new LinearLayer(64), new LinearLayer(64)]);
        string Sha(long seed)
        {
            using var module = model.Build(seed);
            return WeightsSha256.Of(module);
        }

        var alone = new[] { Sha(1), Sha(2) };
        var together = await Task.WhenAll(Enumerable.Range(0, 2).Select(thread => Task.Run(() =>
            Enumerable.Range(0, 100).Select(_ => Sha(1 + thread)).Distinct().ToArray())));
        Assert.Equal([alone[0]], together[0]);
        Assert.Equal([alone[1]], together[1]);
        Assert.NotEqual(alone[0], alone[1]);
    }
}
