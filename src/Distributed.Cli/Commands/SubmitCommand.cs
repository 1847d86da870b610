using System.CommandLine;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Nodes;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer submit</c>: hands a job to a running cluster and shows it until its end.</summary>
internal static class SubmitCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer submit mnist-cnn --seed 10.0.0.5:4053",
        "trainer submit my.hocon --seed head:4053 --workers 8 --servers 2 --set epochs=20",
    ];

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("submit", "Hands a job to a running cluster and shows its progress.");
        var job = new JobOptions(command, jobByDefault: false);
        var seed = Parsing.Several("--seed", "HOST:PORT", "a node of the cluster", Parsing.CheckAddress);
        seed.Required = true;
        var config = Parsing.ClusterFile();
        command.Add(seed);
        command.Add(config);
        command.SetAction((parsed, _) => RunAsync(session, job.Load(parsed), parsed.GetValue(seed)![0], parsed.GetValue(config), job.Plain(parsed)));
        return command;
    }

    private static async Task<int> RunAsync(Session session, Job job, string seed, string? config, bool plain)
    {
        session.Interruption.Listen();
        using var presenter = new RunPresenter(session, job, plain);
        var outcome = await JobClient.SubmitAsync(seed, job, config, presenter.Show, session.Interruption.Token);
        return presenter.Finish(outcome, []);
    }
}
