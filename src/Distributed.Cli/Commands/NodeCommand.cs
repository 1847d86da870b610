using System.CommandLine;
using System.Runtime.InteropServices;
using Distributed.Cli.Pictures;
using Distributed.Cli.Processes;
using Distributed.Cli.Terminal;
using Distributed.Cluster.Launching;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Nodes;
using Distributed.Learning;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer node</c>: one process of a cluster, from its start to a signal or its parent's end.</summary>
internal static class NodeCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer node --role coordinator --host 10.0.0.5 --port 4053   the first node of a cluster",
        "trainer node --role server --host 10.0.0.6 --seed 10.0.0.5:4053",
        "trainer node --role worker --host 10.0.0.7 --seed 10.0.0.5:4053 --data /data   waits for jobs",
    ];

    private static readonly string[] Roles = ["coordinator", "server", "worker"];
    private static readonly TimeSpan LeaveOnSignal = TimeSpan.FromSeconds(10);

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("node", "Runs one process of a cluster until it is told to end. Its log goes to standard output.");
        var roles = Parsing.Several(
            "--role", "ROLE", $"{string.Join(", ", Roles)}; may be given several times", value => Roles.Contains(value) ? null : $"one of {string.Join(", ", Roles)}");
        roles.Required = true;
        var seeds = Parsing.Several("--seed", "HOST:PORT", "a node to join, or a name all of whose addresses are tried; without one this node founds the cluster", Parsing.CheckAddress);
        var seedFile = Parsing.Text("--seed-file", "FILE", "a file with such nodes, HOST:PORT a line; it is read again until this node has joined");
        var host = Parsing.Text("--host", "ADDRESS", "this machine's address as the others reach it (default: 127.0.0.1)");
        var port = Parsing.WholeNumber("--port", "N", 0, 65535, "the port that other nodes reach it by (default: a free one)");
        var dataPort = Parsing.WholeNumber("--data-port", "N", 0, 65535, "the port that tensors come in by at a server (default: a free one)");
        var name = Parsing.Text("--name", "NAME", "its name in logs and displays (default: from role, machine and process)");
        var data = Parsing.DataFolder("where training data is on this machine (default: this folder)");
        var fetches = new Option<bool>("--fetch-data") { Description = "a worker without a job's data receives it from a node that has it, into --data" };
        var cores = Parsing.Text("--cores", "LIST", "cores that a worker computes on, such as 0,1 (default: any)");
        cores.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } list && Parsing.WholeNumbers(list) is null)
                result.AddError($"--cores: expected numbers of cores such as 0,1, got '{list}'");
        });
        var config = Parsing.ClusterFile();
        var runs = Parsing.Text("--out", "DIR", "where a coordinator keeps the folders of runs (default: runs)");
        var metricsPort = Parsing.WholeNumber("--metrics-port", "N", 0, 65535, "answers /metrics (for Prometheus), /health/live and /health/ready there; 0 takes a free port");
        var metricsHost = Parsing.Text("--metrics-host", "ADDRESS", "the address that these are reached by (default: 127.0.0.1, so only from this machine)");
        var format = Parsing.OneOf("--log-format", "how its log is written: a JSON object a line, or text for people", "json", "text");
        var withParent = new Option<bool>("--with-parent") { Description = "ends when its standard input does, so when its parent does" };
        foreach (var option in (Option[])[roles, seeds, seedFile, host, port, dataPort, name, data, fetches, cores, config, runs, metricsPort, metricsHost, format, withParent]) command.Add(option);
        var security = new SecurityArguments(command);

        var chaos = new ChaosOptions(command, ofNode: true);
        command.SetAction((parsed, _) =>
        {
            var role = parsed.GetValue(roles)!.Distinct().ToArray();
            var called = parsed.GetValue(name) ?? $"{role[0]}-{Environment.MachineName.ToLowerInvariant()}-{Environment.ProcessId}";
            var options = new NodeOptions
            {
                Chaos = chaos.Of(parsed, called),
                Roles = role,
                Seeds = parsed.GetValue(seeds) ?? [],
                SeedFile = parsed.GetValue(seedFile),
                Host = parsed.GetValue(host) ?? "127.0.0.1",
                Port = parsed.GetValue(port) ?? 0,
                DataPort = parsed.GetValue(dataPort) ?? 0,
                Name = called,
                DataFolder = parsed.GetValue(data) ?? ".",
                FetchesData = parsed.GetValue(fetches),
                Cores = parsed.GetValue(cores) is { } list ? Parsing.WholeNumbers(list)! : [],
                ConfigFile = parsed.GetValue(config),
                Security = security.Of(parsed),
                DrawCurves = Plots.Curves,
                DrawConfusion = Plots.Confusion,
                RunsFolder = parsed.GetValue(runs) ?? "runs",
                KeepsHistory = true,
                MetricsPort = parsed.GetValue(metricsPort),
                MetricsHost = parsed.GetValue(metricsHost) ?? "127.0.0.1",
            };
            return RunUntilToldAsync(session, options, parsed.GetValue(format) == "text", parsed.GetValue(withParent));
        });
        return command;
    }

    private static async Task<int> RunUntilToldAsync(Session session, NodeOptions options, bool asText, bool withParent)
    {
        try
        {
            return await RunAsync(session, options, asText, withParent);
        }
        catch (OperationCanceledException) when (session.Interruption.Requested)
        {
            // Told to end before it had joined: a node that ends when it is told to has done what it should.
            return ExitCodes.Done;
        }
    }

    private static async Task<int> RunAsync(Session session, NodeOptions options, bool asText, bool withParent)
    {
        Check(options);
        // Ctrl-C reaches every process of a terminal's group at once; a child's parent decides what it means.
        if (withParent)
        {
            session.Interruption.Listen(PosixSignal.SIGINT, PosixSignal.SIGHUP);
            // Whatever the node is busy with: the coordinator ends with the parent, so there is nobody left to take leave of.
            ParentWatch.Start(Console.OpenStandardInput(), () => ProcessEnd.Now(ExitCodes.Done));
        }
        else
        {
            session.Interruption.Listen();
        }

        var output = session.Terminal.Out;
        var text = asText ? new EventText(session.Terminal.Colours) : null;
        using var telemetry = Telemetry.Export(options.Name);
        await using var node = await TrainerNode.StartAsync(options, Log, session.Interruption.Token);
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = session.Interruption.Token.Register(() => asked.TrySetResult());
        var first = await Task.WhenAny(node.Terminated, asked.Task);
        // A node that is told to end while it loses its membership has done what it should.
        if (first == node.Terminated && !session.Interruption.Requested)
        {
            await first;
            session.Terminal.Error.WriteLine(ExitCodes.Line(
                $"{options.Name} is no longer a member of its cluster: {node.Reason}"));
            return ExitCodes.Failed;
        }

        if (!await node.DrainAsync())
            session.Terminal.Error.WriteLine(ExitCodes.Line($"{options.Name} leaves without having handed over its part: that took too long"));
        await node.LeaveAsync(LeaveOnSignal);
        return ExitCodes.Done;

        void Log(LogEvent entry)
        {
            try
            {
                lock (output)
                    foreach (var line in text?.Lines(entry) ?? [JsonLines.Format(entry)]) output.WriteLine(line);
            }
            catch (IOException)
            {
                // Who read the log is gone; a dead parent is noticed elsewhere.
            }
        }
    }

    private static void Check(NodeOptions options)
    {
        if (options.Seeds.Count == 0 && options.SeedFile is null && options.ConfigFile is null && !options.Roles.Contains("coordinator"))
            throw new BadInputException($"--role {options.Roles[0]} needs --seed HOST:PORT of the cluster to join (only a coordinator founds one)");
        PortProbe.Check(options.Host, options.Port);
        if (options.DataPort != 0) PortProbe.Check(options.Host, options.DataPort);
    }
}
