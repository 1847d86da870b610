using System.Globalization;

namespace Distributed.Learning;

/// <summary>Words for what a setting may hold and for what it held, for the messages of <see cref="SettingsSection"/>.</summary>
internal static class SettingRange
{
    // Long values are cut: a message is one line.
    private const int ShownCharacters = 60;

    public static string Describe(string what, long min, long lowest, long max, long highest) => (min > lowest, max < highest) switch
    {
        (true, true) => $"{what} from {min} to {max}",
        (true, false) => $"{what} of at least {min}",
        (false, true) => $"{what} of at most {max}",
        _ => what,
    };

    public static string Describe(double min, double max)
    {
        var low = min switch
        {
            double.NegativeInfinity => "",
            double.Epsilon => "above 0",
            _ => $"of at least {min.ToString(CultureInfo.InvariantCulture)}",
        };
        var high = double.IsPositiveInfinity(max) ? "" : $"at most {max.ToString(CultureInfo.InvariantCulture)}";
        return (low.Length > 0, high.Length > 0) switch
        {
            (true, true) => $"a number {low} and {high}",
            (true, false) => $"a number {low}",
            (false, true) => $"a number of {high}",
            _ => "a number",
        };
    }

    public static string Shown(Setting setting) => setting switch
    {
        SettingText text => text.Value.Length <= ShownCharacters ? text.Value : text.Value[..ShownCharacters] + "…",
        SettingList => "[ … ]",
        _ => "{ … }",
    };
}
