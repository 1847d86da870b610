using System.CommandLine;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Security;
using Distributed.Learning;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer stop</c>: ends the job that a cluster, or <c>trainer local</c> in another terminal, is running, with a checkpoint.</summary>
internal static class StopCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer stop --seed 10.0.0.5:4053            the job that this cluster runs",
        "trainer stop runs/digits-20300101-120000     a run of trainer local on this machine",
    ];

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("stop", "Ends a running job with a checkpoint, from which trainer resume goes on.");
        var run = new Argument<string?>("RUN") { Description = "the folder of a run on this machine", Arity = ArgumentArity.ZeroOrOne };
        var seed = Parsing.Several("--seed", "HOST:PORT", "a node of the cluster that runs the job; several are tried in turn", Parsing.CheckAddress);
        var config = Parsing.ClusterFile();
        command.Add(run);
        command.Add(seed);
        command.Add(config);
        var security = new SecurityArguments(command);
        command.SetAction((parsed, _) =>
        {
            string[] seeds = (parsed.GetValue(run), parsed.GetValue(seed)) switch
            {
                (null, [_, ..] nodes) => nodes,
                ({ } folder, null or []) => [RunningJob.AddressOf(folder)],
                _ => throw new BadInputException("stop: expected either RUN, a run's folder, or --seed HOST:PORT"),
            };
            return RunAsync(session, seeds, parsed.GetValue(config), security.OfClient(parsed, session));
        });
        return command;
    }

    private static async Task<int> RunAsync(Session session, string[] seeds, string? config, SecurityOptions security)
    {
        session.Interruption.Listen();
        var output = session.Terminal.Out;
        var folder = await JobClient.StopAsync(
            seeds, config, name => output.WriteLine($"{name} was asked to stop"), session.Interruption.Token, security);
        output.WriteLine($"it has ended; its files are in {folder}");
        return ExitCodes.Done;
    }
}
