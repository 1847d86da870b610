using System.Globalization;
using Distributed.Cli.Terminal;
using Distributed.Learning;

namespace Distributed.Cli.Benchmarks;

/// <summary>The machine that figures were measured on.</summary>
/// <param name="Processor">Its name as the system tells it; empty where it does not.</param>
/// <param name="Cores">Cores that this process may use.</param>
internal sealed record Machine(string Processor, int Cores)
{
    /// <summary>This machine.</summary>
    public static Machine This { get; } = new(ReadProcessor(), Environment.ProcessorCount);

    /// <summary>One line for people.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Cores} cores{(Processor.Length == 0 ? "" : $" of {Processor}")}");

    private static string ReadProcessor()
    {
        const string file = "/proc/cpuinfo";
        var line = File.Exists(file) ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim() ?? "";
    }
}

/// <summary>What <c>--json</c> writes: all benchmarks have this form.</summary>
/// <param name="Benchmark">The name of the benchmark.</param>
/// <param name="Machine">Where it ran.</param>
/// <param name="Rounds">How often everything was measured in turn.</param>
/// <param name="Figures">A record a row of the table.</param>
internal sealed record BenchReport<T>(string Benchmark, Machine Machine, int Rounds, IReadOnlyList<T> Figures)
{
    /// <summary>Writes the report as JSON.</summary>
    /// <exception cref="BadInputException">The file cannot be written.</exception>
    public void Write(string file) => BenchFile.Write("--json", file, JsonText.Of(this));
}

/// <summary>Files that a user asked a benchmark for.</summary>
internal static class BenchFile
{
    /// <summary>Writes one.</summary>
    /// <param name="option">The option that named it, for the message.</param>
    /// <exception cref="BadInputException">It cannot be written.</exception>
    public static void Write(string option, string file, string text)
    {
        try
        {
            File.WriteAllText(file, text);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{option} {file}: expected a file that can be written: {exception.Message}", exception);
        }
    }
}
