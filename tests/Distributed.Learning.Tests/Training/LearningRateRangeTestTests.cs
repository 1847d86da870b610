using System.Xml.Linq;

namespace Distributed.Learning.Tests;

public class LearningRateRangeTestTests
{
    private static readonly DataSpec Digits =
        DataSpec.Read(Examples.Section(("format", "digits"), ("train", 600), ("test", 1)));

    private static readonly ModelSpec Model =
        new([1, 28, 28], [new FlattenLayer(), new LinearLayer(32), new ReluLayer(), new LinearLayer(10)]);

    [Fact]
    public void The_suggested_rate_trains_better_than_a_hundredth_or_a_hundredfold_of_it()
    {
        var (training, test) = Digits.Open(".", 1);
        using (training)
        using (test)
        {
            var optimizer = new OptimizerSpec("sgd", 1) { Momentum = 0.9 };
            var found = LearningRateRangeTest.Run(Model, training, new CrossEntropy(), optimizer, 32, 1, 1e-6, 10, 100);
            Assert.Equal(1e-6, found.Steps[0].LearningRate, 1e-12);
            Assert.InRange(found.Steps.Count, 20, 100);
            var rate = found.Suggestion!.Value;
            var good = After(rate);
            Assert.True(good < After(rate / 100), $"{rate}");
            Assert.True(!(After(rate * 100) < good), $"{rate}");

            double After(double learningRate) => PlainTraining.Run(
                Model, training, null, new CrossEntropy(), optimizer with { LearningRate = learningRate }, 32, 57, 1).Losses.TakeLast(19).Average();
        }
    }

    [Fact]
    public void The_steepest_fall_before_the_lowest_loss_is_suggested()
    {
        // Flat, a fall between steps 10 and 14, flat, and up.
        var losses = Enumerable.Range(0, 30).Select(i => i < 10 ? 2.0 : i < 15 ? 2 - 0.3 * (i - 10) : i < 25 ? 0.8 : 5);
        var result = new RangeTestResult([.. losses.Select((loss, i) => new RangeTestStep(Math.Pow(10, i / 10.0 - 3), loss, loss))]);
        Assert.InRange(result.Suggestion!.Value, Math.Pow(10, -2), Math.Pow(10, -1.6));
        Assert.Null(new RangeTestResult([.. Enumerable.Range(1, 20).Select(i => new RangeTestStep(i, i, i))]).Suggestion);
    }

    [Fact]
    public void Figures_are_written_as_values_and_as_a_picture()
    {
        var result = new RangeTestResult([.. Enumerable.Range(0, 20).Select(i => new RangeTestStep(Math.Pow(10, i / 5.0 - 3), 3 - 0.1 * i, 3 - 0.1 * i))]);
        var lines = result.ToCsv().Split('\n');
        Assert.Equal(("step,learningRate,loss,smoothed", "0,0.001,3,3", 22), (lines[0], lines[1], lines.Length));
        var picture = XDocument.Parse(RangeTestPlot.Draw(result, "a < b"));
        var lineNames = picture.Root!.Elements().Where(e => e.Name.LocalName == "polyline").ToArray();
        Assert.Equal(2, lineNames.Length);
        Assert.All(lineNames, line => Assert.Equal(20, line.Attribute("points")!.Value.Split(' ').Length));
    }
}
