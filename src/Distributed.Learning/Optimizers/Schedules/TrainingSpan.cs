using System.Globalization;

namespace Distributed.Learning;

/// <summary>A stretch of training, written as <c>500</c>, <c>500 steps</c> or <c>2.5 epochs</c>.</summary>
/// <param name="Count">How many steps or epochs.</param>
/// <param name="InEpochs">Whether they are epochs.</param>
public readonly record struct TrainingSpan(double Count, bool InEpochs)
{
    private const string Expected = "a number of steps or epochs, such as '500 steps' or '2 epochs'";

    /// <summary>Reads a span above 0.</summary>
    /// <param name="section">The section that holds the key.</param>
    /// <param name="key">The key.</param>
    /// <param name="fallback">What holds when the key is absent; null makes it required.</param>
    /// <exception cref="BadInputException">The key is missing or its text is no span.</exception>
    public static TrainingSpan Read(SettingsSection section, string key, TrainingSpan? fallback = null) =>
        !section.Has(key) && fallback is { } span ? span : Parse(section, key, section.Text(key));

    /// <summary>Reads a list of spans in ascending order, at least one.</summary>
    /// <param name="section">The section that holds the key.</param>
    /// <param name="key">The key.</param>
    /// <exception cref="BadInputException">The key is missing, a text is no span, or the spans do not ascend.</exception>
    public static IReadOnlyList<TrainingSpan> ReadList(SettingsSection section, string key)
    {
        TrainingSpan[] spans = [.. section.Texts(key).Select((text, i) => Parse(section, $"{key}[{i}]", text))];
        if (spans.Length == 0) throw section.Error(key, "expected at least one point, got an empty list");
        for (var i = 1; i < spans.Length; i++)
            if (spans[i].InEpochs != spans[0].InEpochs || spans[i].Count <= spans[i - 1].Count)
                throw section.Error($"{key}[{i}]", $"expected later than '{spans[i - 1]}' and of its unit, got '{spans[i]}'");
        return spans;
    }

    /// <summary>Its length in steps, not rounded.</summary>
    /// <param name="stepsPerEpoch">Steps in an epoch of the job.</param>
    public double Steps(long stepsPerEpoch) => InEpochs ? Count * stepsPerEpoch : Count;

    /// <summary>As it is written in a job.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Count} {(InEpochs ? "epochs" : "steps")}");

    private static TrainingSpan Parse(SettingsSection section, string key, string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var unit = words.Length == 2 ? words[1] : "steps";
        return words.Length is 1 or 2 && unit is "step" or "steps" or "epoch" or "epochs"
            && double.TryParse(words[0], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count)
            && count > 0 && double.IsFinite(count)
            ? new TrainingSpan(count, unit is "epoch" or "epochs")
            : throw section.Error(key, $"expected {Expected}, got '{text}'");
    }
}
