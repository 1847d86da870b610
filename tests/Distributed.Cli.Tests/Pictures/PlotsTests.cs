using System.Buffers.Binary;
using Distributed.Cli.Pictures;
using Distributed.Cluster.Monitoring;
using Distributed.Learning;

namespace Distributed.Cli.Tests.Pictures;

public class PlotsTests
{
    [Fact]
    public void A_run_has_a_chart_below_the_other_and_none_without_a_point()
    {
        var loss = new Chart("loss", [
            new Curve("training", "#1f77b4", [.. Enumerable.Range(1, 2000).Select(step => ((double)step, 1.0 / step))], Marked: false),
            new Curve("test", "#ff7f0e", [(1000, 0.5), (2000, double.NaN)], Marked: true)]);
        var empty = new Chart("R²", [new Curve("R²", "#2ca02c", [(1000, double.NaN)], Marked: true)]);
        var accuracy = new Chart("accuracy", [new Curve("accuracy", "#2ca02c", [(1000, 0.5), (2000, 0.5)], Marked: true)]);

        Assert.Equal((900, 640), Size(Plots.Curves("run", [loss, empty, accuracy])!));
        Assert.Null(Plots.Curves("run", [empty]));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(Plots.MostClasses)]
    public void A_confusion_matrix_is_a_square(int classes)
    {
        long[][] matrix = [.. Enumerable.Range(0, classes).Select(row => Enumerable.Range(0, classes).Select(column => row == column ? 9L : 0).ToArray())];
        Assert.Equal((640, 640), Size(Plots.Confusion(matrix, ["cat"])));
    }

    [Fact]
    public void Curves_of_ranks_stand_side_by_side() =>
        Assert.Equal((1280, 640), Size(Plots.Ranks([(0, RankCurves.Of([0.9, 0.4], [0.1, 0.5])!), (1, RankCurves.Of([0.9], [0.1])!)], ["cat", "dog"])));

    private static (int Width, int Height) Size(byte[] png)
    {
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], png[..4]);
        return (BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)));
    }
}
