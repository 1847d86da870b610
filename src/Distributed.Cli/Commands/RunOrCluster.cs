using System.CommandLine;
using Distributed.Cluster.Security;
using Distributed.Learning;

namespace Distributed.Cli.Commands;

/// <summary>The part of the command line that says what is watched: a run's folder here, or a cluster by one of its nodes.</summary>
internal sealed class RunOrCluster
{
    private readonly Argument<string?> run = new("RUN") { Description = "the folder of a run", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string[]> seed = Parsing.Several("--seed", "HOST:PORT", "a node of a cluster, instead of a folder; several are tried in turn", Parsing.CheckAddress);
    private readonly Option<string?> job = Parsing.Text("--job", "ID", "a job of the cluster by its id or name (default: the one that runs, else the newest)");
    private readonly Option<string?> config = Parsing.ClusterFile();
    private readonly SecurityArguments security;

    /// <summary>Adds them to a command.</summary>
    public RunOrCluster(Command command)
    {
        run.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => UsageText.LooksLikeOption(token.Value))) result.AddError("unknown option");
        });
        command.Add(run);
        foreach (var option in (Option[])[seed, job, config]) command.Add(option);
        security = new SecurityArguments(command);
        command.Validators.Add(result =>
        {
            // Values that are wrong have errors of their own.
            var (folder, node) = (result.GetResult(run) is { Tokens.Count: > 0 }, result.GetResult(seed) is not null);
            if (folder == node)
                result.AddError($"{command.Name}: expected RUN, the folder of a run, or --seed HOST:PORT of a cluster{(folder ? ", not both" : "")}");
            else if (folder && result.GetResult(job) is not null)
                result.AddError("--job: expected --seed HOST:PORT with it, whose cluster has the job");
        });
    }

    /// <summary>The run's folder; null where a cluster is meant.</summary>
    /// <exception cref="BadInputException">It is no run's.</exception>
    public string? Folder(ParseResult parsed)
    {
        if (parsed.GetValue(run) is not { } folder) return null;
        if (!Directory.Exists(folder)) throw new BadInputException($"{folder}: no such folder");
        if (!File.Exists(Path.Combine(folder, "cluster.log"))) throw new BadInputException($"{folder}: expected the folder of a run, with its cluster.log");
        return folder;
    }

    /// <summary>The cluster's nodes to try, as <c>host:port</c>; none where a folder is meant.</summary>
    public string[] Seeds(ParseResult parsed) => parsed.GetValue(seed) ?? [];

    /// <summary>The job that is meant, where one is named.</summary>
    public string? Job(ParseResult parsed) => parsed.GetValue(job);

    /// <summary>How the cluster is reached.</summary>
    public SecurityOptions Security(ParseResult parsed, Session session) => security.OfClient(parsed, session);

    /// <summary>The cluster's settings.</summary>
    public string? Config(ParseResult parsed) => parsed.GetValue(config);
}
