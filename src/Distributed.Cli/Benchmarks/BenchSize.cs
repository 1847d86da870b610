using System.Globalization;

namespace Distributed.Cli.Benchmarks;

/// <summary>How much is exchanged: parameters of four bytes each.</summary>
internal readonly record struct BenchSize(long Parameters)
{
    private const long Least = 16;
    private const long Most = 1_000_000_000;
    private const long MostInARow = 1 << 24;
    private const int ManyRows = 64;

    /// <summary>What a list of sizes should have been.</summary>
    public const string Expected = "sizes from 64B to 4GB such as 4KB,40MB (bytes) or 535818 (parameters; above 16777216 multiples of 64), separated by commas";

    private static readonly (string Unit, long Bytes)[] Units = [("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000), ("B", 1)];

    /// <summary>Bytes of the gradient, and of the weights.</summary>
    public long Bytes => Parameters * sizeof(float);

    /// <summary>Rows of the matrix that holds the parameters: a layer has only so many inputs.</summary>
    public int Rows => Parameters > MostInARow ? ManyRows : 1;

    /// <summary>Reads a list: bytes with a decimal unit, or a plain number of parameters. Null where it is none.</summary>
    public static IReadOnlyList<BenchSize>? ParseList(string list)
    {
        var sizes = new List<BenchSize>();
        foreach (var part in list.Split(','))
        {
            if (Parse(part.Trim()) is not { } size) return null;
            sizes.Add(size);
        }

        return sizes;
    }

    private static BenchSize? Parse(string text)
    {
        var (unit, bytes) = Units.FirstOrDefault(known => text.EndsWith(known.Unit, StringComparison.OrdinalIgnoreCase));
        var digits = unit is null ? text : text[..^unit.Length];
        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count > Most * sizeof(float)) return null;
        if (unit is not null && count > Most * sizeof(float) / bytes) return null;
        var total = unit is null ? count * sizeof(float) : count * bytes;
        var size = new BenchSize(total / sizeof(float));
        return total % sizeof(float) == 0 && size.Parameters is >= Least and <= Most && size.Parameters % size.Rows == 0 ? size : null;
    }
}
