using System.CommandLine;
using Distributed.Cli.Describing;
using Distributed.Cluster.Jobs;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer describe</c>: what a job's network looks like, without building it.</summary>
internal static class DescribeCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer describe                                    the layers of the digits job, their shapes and parameters",
        "trainer describe my.hocon --svg my.svg              draws the network, too",
    ];

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("describe", "Shows the layers of a job's network with their shapes and parameters.");
        var job = new JobOptions(command, jobByDefault: true, runs: false);
        var svg = Parsing.Text("--svg", "FILE", "draws the network as an SVG");
        svg.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { Length: > 0 } file && Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder && !Directory.Exists(folder))
                result.AddError($"--svg {file}: expected a file in a folder that exists, there is no {folder}");
        });
        command.Add(svg);
        command.SetAction(parsed => Run(session, job.Load(parsed), parsed.GetValue(svg)));
        return command;
    }

    private static int Run(Session session, Job job, string? svg)
    {
        var layers = job.Model.CheckShapes();
        session.Terminal.Out.WriteLine($"{job.Name}: a model of samples {ModelTable.Shape(job.Model.Input)}{(job.Model.TakesTokens ? " of tokens" : "")}");
        session.Terminal.Out.WriteLine();
        foreach (var line in ModelTable.Lines(layers, job.Precision)) session.Terminal.Out.WriteLine(line);
        if (svg is null) return ExitCodes.Done;
        ModelDrawing.Draw(job.Model.Input, layers).Save(svg);
        session.Terminal.Out.WriteLine($"drawn in {svg}");
        return ExitCodes.Done;
    }
}
