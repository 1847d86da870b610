using System.Globalization;
using Distributed.Cluster.Monitoring;
using Distributed.Learning;

namespace Distributed.Cli.Terminal;

/// <summary>Predictions as text for people, and as CSV or JSON for other programs.</summary>
internal static class PredictionText
{
    /// <summary>So many of a sample's likeliest classes are shown to people.</summary>
    private const int Likeliest = 3;

    /// <summary>The lines in one of the formats <c>text</c>, <c>csv</c>, <c>json</c>.</summary>
    public static IEnumerable<string> Lines(IEnumerable<Prediction> predictions, string format, OutputMeaning meaning) => format switch
    {
        "json" => [JsonText.Of(predictions.ToArray())],
        "csv" => Csv(predictions, meaning),
        _ => predictions.Select(Text),
    };

    private static IEnumerable<string> Csv(IEnumerable<Prediction> predictions, OutputMeaning meaning)
    {
        var headed = false;
        foreach (var prediction in predictions)
        {
            if (!headed)
            {
                var value = meaning == OutputMeaning.Values ? "output" : "p";
                yield return string.Join(',', ["sample", .. Names("target", prediction.Targets.Length), .. prediction.Class is null ? [] : new[] { "class" },
                    .. prediction.Values.Select((_, i) => $"{value}{i}")]);
                headed = true;
            }

            yield return string.Join(',', [Whole(prediction.Sample), .. prediction.Targets.Select(Exact),
                .. prediction.Class is { } predicted ? new[] { Whole(predicted) } : [], .. prediction.Values.Select(Exact)]);
        }
    }

    private static string Text(Prediction prediction)
    {
        var truth = string.Join(" ", prediction.Targets.Select(Short));
        if (prediction.Class is not { } predicted)
            return $"sample {prediction.Sample,-6} true {string.Join(" ", prediction.Targets.Select(EvaluationText.Amount))}"
                + $"  predicted {string.Join(" ", prediction.Values.Select(EvaluationText.Amount))}";
        var values = prediction.Values.Length == 1
            ? $"p(1) {Short(prediction.Values[0])}"
            : string.Join("  ", prediction.Values.Select((value, c) => (value, c)).OrderByDescending(pair => pair.value).Take(Likeliest)
                .Select(pair => $"{pair.c}: {Short(pair.value)}"));
        return $"sample {prediction.Sample,-6} true {truth,-4} predicted {predicted,-4}{(prediction.IsRight == true ? "      " : " wrong")}  {values}";
    }

    private static IEnumerable<string> Names(string name, int count) => count == 1 ? [name] : Enumerable.Range(0, count).Select(i => $"{name}{i}");

    private static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Exact(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string Short(double value) => value.ToString("G4", CultureInfo.InvariantCulture);
}
