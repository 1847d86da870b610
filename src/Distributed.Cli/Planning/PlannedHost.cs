using System.Globalization;
using Distributed.Learning;

namespace Distributed.Cli.Planning;

/// <summary>A machine of a hosts file, as <c>deploy/ssh/launch.sh</c> reads it: <c>10.0.0.1 workers=2 servers=1 cores=16 memory=64GB gbit=10</c>.</summary>
/// <param name="Address">Its name or address.</param>
/// <param name="Workers">Workers that run there.</param>
/// <param name="Servers">Parameter servers that run there.</param>
/// <param name="Cores">Its cores; null where the file doesn't say.</param>
/// <param name="MemoryBytes">Its memory; null where the file doesn't say.</param>
/// <param name="Gigabits">What its network carries each way, in Gbit/s.</param>
internal sealed record PlannedHost(string Address, int Workers = 1, int Servers = 1, int? Cores = null, double? MemoryBytes = null, double Gigabits = PlannedHost.DefaultGigabits)
{
    /// <summary>What a network is taken to carry where the file doesn't say.</summary>
    public const double DefaultGigabits = 1;

    private const string Expected = "expected workers=N, servers=N, ssh=TARGET, cores=N, memory=SIZE or gbit=N";

    /// <summary>Reads a hosts file.</summary>
    /// <exception cref="BadInputException">It can't be read, or a line is wrong.</exception>
    public static IReadOnlyList<PlannedHost> ReadFile(string file)
    {
        try
        {
            return Read(file, File.ReadLines(file));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{file}: expected a file with a machine a line: {exception.Message}", exception);
        }
    }

    /// <summary>Reads the lines of a hosts file; <paramref name="file"/> is what messages call it.</summary>
    /// <exception cref="BadInputException">A line is wrong, or there is no machine, worker or server.</exception>
    public static IReadOnlyList<PlannedHost> Read(string file, IEnumerable<string> lines)
    {
        var hosts = new List<PlannedHost>();
        var number = 0;
        foreach (var line in lines)
        {
            number++;
            var words = line.Split('#')[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 0) hosts.Add(words.Skip(1).Aggregate(new PlannedHost(words[0]), (host, word) => host.With(word, $"{file}:{number}")));
        }

        if (hosts.Count == 0) throw new BadInputException($"{file}: expected a machine a line, found none");
        return hosts.Sum(host => host.Workers) > 0 && hosts.Sum(host => host.Servers) > 0 ? hosts
            : throw new BadInputException($"{file}: a job needs a worker and a server at least");
    }

    private PlannedHost With(string word, string where)
    {
        var parts = word.Split('=', 2);
        return parts switch
        {
            ["ssh", { Length: > 0 }] => this,
            ["workers", var value] => this with { Workers = Whole(value, 0) },
            ["servers", var value] => this with { Servers = Whole(value, 0) },
            ["cores", var value] => this with { Cores = Whole(value, 1) },
            ["memory", var value] => this with { MemoryBytes = Size(value) },
            ["gbit", var value] => this with { Gigabits = Above(value) },
            _ => throw new BadInputException($"{where}: {Expected}, got '{word}'"),
        };

        int Whole(string value, int least) => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= least && count < 10_000
            ? count : throw new BadInputException($"{where}: {parts[0]}: expected a whole number{(least > 0 ? $" from {least} on" : "")}, got '{value}'");

        double Above(string value) => double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number : throw new BadInputException($"{where}: {parts[0]}: expected a number above 0, got '{value}'");

        double Size(string value) => value.EndsWith("GB", StringComparison.Ordinal) && double.TryParse(value[..^2], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var gigabytes) && gigabytes > 0
            ? gigabytes * 1e9 : throw new BadInputException($"{where}: memory: expected gigabytes such as 64GB, got '{value}'");
    }
}
