using Distributed.Cli.Pictures;
using Distributed.Cli.Terminal;
using Distributed.Learning;

namespace Distributed.Cli.Tests.Terminal;

public sealed class EvaluationTextTests
{
    [Fact]
    public void An_evaluation_is_told_class_by_class()
    {
        var block = new EvaluationBlock(0, 4, 2, 4, 3) { Classes = new ClassCounts(2, [0, 1, 1], [0, 0, 1], [2, 1, 1]) };

        var lines = EvaluationTable.Lines(Evaluation.Combine([block]));

        Assert.Contains("accuracy       75.00 %", lines);
        Assert.Contains("0            0.6667    1.0000    0.8000         2          3", lines);
        Assert.Contains("1            1.0000    0.5000    0.6667         2          1", lines);
        Assert.Equal(["        0   1", "    0   2   ·", "    1   1   1"], lines.TakeLast(3));
    }

    [Fact]
    public void Classes_with_names_are_told_by_them()
    {
        var block = new EvaluationBlock(0, 4, 2, 4, 3) { Classes = new ClassCounts(2, [0, 1, 1], [0, 0, 1], [2, 1, 1]) };

        var lines = EvaluationTable.Lines(Evaluation.Combine([block]), ["lost\nat sea", "saved by a boat that came in the night"]);

        Assert.Contains("0 lostat sea                   0.6667    1.0000    0.8000         2          3", lines);
        Assert.Contains("1 saved by a boat that ca…     1.0000    0.5000    0.6667         2          1", lines);
        Assert.Contains("micro                          0.7500    0.7500    0.7500", lines);
    }

    [Fact]
    public void Predictions_become_a_table_for_other_programs()
    {
        Prediction[] classes = [new(7, [1], 0, [0.75, 0.25]), new(8, [1], 1, [0.5, 0.5])];

        Assert.Equal(["sample,target,class,p0,p1", "7,1,0,0.75,0.25", "8,1,1,0.5,0.5"], PredictionText.Lines(classes, "csv", OutputMeaning.Logits));
        Assert.Equal(["sample,target,output0", "0,2.5,2.25"], PredictionText.Lines([new(0, [2.5], null, [2.25])], "csv", OutputMeaning.Values));
        Assert.Contains("true 1    predicted 0    wrong  0: 0.75  1: 0.25", PredictionText.Lines(classes, "text", OutputMeaning.Logits).First());
    }

    [Fact]
    public void A_picture_has_the_bytes_of_the_format()
    {
        var png = Png.Encode(1, 1, [255, 0, 0]);

        Assert.Equal([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], png[..8]);
        // The end of every PNG: an empty chunk with its checksum.
        Assert.Equal([0, 0, 0, 0, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82], png[^12..]);
    }
}
