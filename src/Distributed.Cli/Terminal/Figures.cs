using System.Globalization;

namespace Distributed.Cli.Terminal;

/// <summary>How figures are written for people. Always with a point for decimals, whatever the system's language.</summary>
internal static class Figures
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    /// <summary>A whole number with its thousands set apart: <c>9,812</c>.</summary>
    public static string Count(double value) => Math.Round(value).ToString("N0", Culture);

    /// <summary>A loss with four digits that tell something: <c>0.0813</c>, <c>2.3026</c>, <c>1.2e-06</c>, <c>NaN</c>.</summary>
    public static string Loss(double value) => Math.Abs(value) switch
    {
        double.NaN => "NaN",
        0 => "0",
        < 0.001 => value.ToString("0.0e-00", Culture),
        < 100 => value.ToString("0.0000", Culture),
        < 1e6 => value.ToString("0.0", Culture),
        _ => value.ToString("0.00e+00", Culture),
    };

    /// <summary>A share of one as per cent: <c>98.1 %</c>.</summary>
    public static string Percent(double share, int decimals = 1) => (share * 100).ToString($"F{decimals}", Culture) + " %";

    /// <summary>Milliseconds with one decimal, none from a hundred on.</summary>
    public static string Milliseconds(double value) => value.ToString(value < 100 ? "0.0" : "0", Culture);

    /// <summary>A time in the two units that matter: <c>4.2 s</c>, <c>3 min 05 s</c>, <c>2 h 07 min</c>.</summary>
    public static string Duration(double seconds)
    {
        if (!double.IsFinite(seconds) || seconds < 0) return "?";
        if (seconds < 9.95) return seconds.ToString("0.0", Culture) + " s";
        var whole = (long)Math.Round(seconds);
        return whole switch
        {
            < 60 => $"{whole} s",
            < 3600 => $"{whole / 60} min {whole % 60:00} s",
            _ => $"{whole / 3600} h {whole % 3600 / 60:00} min",
        };
    }

    /// <summary>Bytes in decimal units, as networks and disks count: <c>12.3 MB</c>.</summary>
    public static string Bytes(double bytes)
    {
        string[] units = ["B", "kB", "MB", "GB", "TB"];
        var unit = 0;
        for (; bytes >= 999.5 && unit < units.Length - 1; unit++) bytes /= 1000;
        return bytes.ToString(unit == 0 || bytes >= 99.95 ? "0" : "0.0", Culture) + " " + units[unit];
    }
}
