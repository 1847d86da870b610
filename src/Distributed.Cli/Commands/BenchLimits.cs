using System.CommandLine;
using System.Globalization;
using Distributed.Cli.Benchmarks;
using Distributed.Cli.Benchmarks.Limits;
using Distributed.Cli.Terminal;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer bench loopback</c> and <c>trainer bench transport</c>: what any exchange is measured against.</summary>
internal static class BenchLimits
{
    private const string DefaultSizes = "1MB,535818,10020874,400MB";

    /// <summary>What the machine itself can do.</summary>
    public static Command Loopback(Session session)
    {
        var sizes = BenchExchange.Sizes("--sizes", "gradients of the passes over memory", DefaultSizes);
        return Create(session, "loopback", "What this machine can do by itself: plain TCP and Unix sockets, passes over memory.", parsed =>
        {
            var limits = new MachineLimits(BenchExchange.SizesOf(parsed.GetValue(sizes) ?? DefaultSizes));
            return (limits.Measurements, limits);
        }, sizes);
    }

    /// <summary>What links do without workers and servers.</summary>
    public static Command Transport(Session session) =>
        Create(session, "transport", "The data plane by itself: links between two threads, and the word that announces versions.", _ =>
        {
            var limits = new TransportLimits();
            return (limits.Measurements, limits);
        });

    private static Command Create(
        Session session, string name, string description, Func<ParseResult, (IReadOnlyList<Measurement> Measurements, IDisposable Held)> open,
        params Option[] options)
    {
        var command = new Command(name, description);
        var rounds = Parsing.WholeNumber("--rounds", "N", 1, 1000, "how often everything is measured in turn (default: 9)");
        var json = Parsing.Text("--json", "FILE", "also writes the figures to a file");
        foreach (var option in (Option[])[.. options, rounds, json]) command.Add(option);
        command.SetAction((parsed, _) =>
        {
            var times = parsed.GetValue(rounds) ?? 9;
            session.Interruption.Listen();
            var (measurements, held) = open(parsed);
            using (held)
            {
                var figures = Measurement.All(measurements, times, session.Terminal.Out.WriteLine, session.Interruption.Token);
                BenchTable.Write(session.Terminal, [Machine.This.ToString(), "unit", "median", "p10", "p90"], figures.Select(row => (string[])[
                    row.Name, row.Unit, Digits(row.Value.Median), Digits(row.Value.P10), Digits(row.Value.P90)]));
                if (parsed.GetValue(json) is { } file) new BenchReport<MeasuredFigure>(name, Machine.This, times, figures).Write(file);
            }

            return Task.FromResult(ExitCodes.Done);
        });
        return command;
    }

    private static string Digits(double value) => value.ToString(value < 1 ? "0.000" : "0.00", CultureInfo.InvariantCulture);
}
