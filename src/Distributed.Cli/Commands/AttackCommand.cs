using System.CommandLine;
using System.Globalization;
using Distributed.Cli.Terminal;
using Distributed.Learning;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer attack</c>: how easily the model of a run is misled.</summary>
internal static class AttackCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer attack runs/digits-20300101-120000                   accuracy under growing changes of the inputs",
        "trainer attack runs/mnist --data ~/data --count 1000 --json",
    ];

    private static readonly double[] Epsilons = [0.01, 0.02, 0.05, 0.1, 0.2];

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        const int fallback = 200;
        var command = new Command("attack", "Attacks the classifier of a run: fast gradient sign, and projected gradient.");
        var options = new RunOptions(command);
        var count = Parsing.WholeNumber("--count", "N", 1, int.MaxValue, $"how many test samples (default: {fallback})");
        var json = new Option<bool>("--json") { Description = "prints JSON" };
        command.Add(count);
        command.Add(json);
        command.SetAction(parsed =>
        {
            using var run = options.Open(parsed);
            var samples = Math.Min(run.Test.Count, parsed.GetValue(count) ?? fallback);
            var (clean, lines) = RobustnessTest.Run(
                run.Model.Differentiable, run.Test, run.Loss, run.Meaning, samples, Epsilons, run.Job.Seed);
            foreach (var line in parsed.GetValue(json) ? [JsonText.Of(new { samples, clean, lines })] : Table(samples, clean, lines))
                session.Terminal.Out.WriteLine(line);
            return ExitCodes.Done;
        });
        return command;
    }

    private static IEnumerable<string> Table(int samples, double clean, IReadOnlyList<RobustnessFigures> lines) =>
    [
        $"accuracy of {Figures.Count(samples)} test samples; epsilon is a share of the inputs' range",
        $"{"epsilon",-9}{"noise",10}{"FGSM",10}{$"PGD-{RobustnessTest.Steps}",10}",
        $"{"0",-9}{Figures.Percent(clean, 2),10}{Figures.Percent(clean, 2),10}{Figures.Percent(clean, 2),10}",
        .. lines.Select(line => $"{line.Epsilon.ToString(CultureInfo.InvariantCulture),-9}{Figures.Percent(line.Noise, 2),10}"
            + $"{Figures.Percent(line.FastGradientSign, 2),10}{Figures.Percent(line.ProjectedGradient, 2),10}"),
    ];
}
