using System.CommandLine;
using Distributed.Cli.Benchmarks;
using Distributed.Cli.Terminal;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Launching;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer bench</c>: measures this machine, this program, and how far apart they are.</summary>
internal static class BenchCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer bench step                         whole steps of all models: plain loop against 2 workers and a server",
        "trainer bench step mlp --rounds 9 --json mlp.json",
        "trainer bench step --peer ddp              beside PyTorch's DDP, where its script and PyTorch are there",
        "trainer bench exchange --chart e.svg       the exchange alone, from 4 KB to 400 MB, beside what memory allows",
        "trainer bench scaling cnn                  1, 2 and 4 workers",
        "trainer bench compare big --with checkpoint.every-steps=100",
        "trainer bench recovery                     from a fault to the next committed step",
        "trainer bench input --data ~/data          how long steps wait for their batches",
        "trainer bench memory                       what workers and servers take a byte of the model",
        "trainer bench growth --minutes 30          whether memory grows with steps",
        "trainer bench simulate --megabits 1000     steps on up to 256 workers that are not there, beside the cost model",
        "trainer bench loopback                     what sockets and memory of this machine can do",
    ];

    /// <summary>The command with its parts.</summary>
    public static Command Create(Session session) => new("bench", "Measures what a step costs with and without a cluster.")
    {
        Step(session),
        BenchExchange.Create(session),
        BenchScaling.Create(session),
        BenchCompare.Create(session),
        BenchRecovery.Create(session),
        BenchInput.Create(session),
        BenchMemory.Create(session),
        BenchGrowth.Create(session),
        BenchSimulate.Create(session),
        BenchLimits.Transport(session),
        BenchLimits.Loopback(session),
        Plain(session),
        BenchExchange.Server(session),
        BenchExchange.Worker(session),
    };

    private static Command Step(Session session)
    {
        var command = new Command("step", "Whole steps: the plain loop in one process, in one a worker at once, and the cluster, in turn.");
        var models = BenchModels.Argument();
        var workers = BenchModels.Workers();
        var servers = BenchModels.Servers();
        var rounds = Parsing.WholeNumber("--rounds", "N", 1, 1000, "how often everything is measured in turn (default: 5)");
        var steps = Parsing.WholeNumber("--steps", "N", 20, 100_000, "steps of one measurement (default: 192)");
        var warmUp = Parsing.WholeNumber(
            "--warm-up", "SECONDS", 0, 3600, $"for so long jobs run before any is counted (default: {StepBenchmark.UsualWarmUp.TotalSeconds})");
        var sets = Parsing.Several("--set", "path=value", "sets one value of the benchmark's job, such as transport.same-host=tcp", Parsing.CheckAssignment);
        var peer = Parsing.OneOf("--peer", "also measures this peer in turn, where it is there", "ddp");
        var peerScript = Parsing.Text("--peer-script", "FILE", "the peer's script (default: ../shared/peers/ddp_bench.py beside the repository)");
        var json = Parsing.Text("--json", "FILE", "also writes the figures to a file");
        var config = Parsing.ClusterFile();
        command.Add(models);
        foreach (var option in (Option[])[workers, servers, rounds, steps, warmUp, sets, peer, peerScript, json, config]) command.Add(option);
        command.SetAction(async (parsed, _) =>
        {
            var (times, perRound) = (parsed.GetValue(rounds) ?? 5, parsed.GetValue(steps) ?? 192);
            var names = BenchModels.Chosen(parsed, models);
            var jobs = names.Select(name => (Name: name, Job: BenchModels.Load(
                name, parsed.GetValue(workers) ?? 2, parsed.GetValue(servers) ?? 1, perRound, parsed.GetValue(sets) ?? []))).ToArray();
            session.Interruption.Listen();
            var beside = BenchModels.Peer(session, parsed.GetValue(peer), parsed.GetValue(peerScript));
            var warming = parsed.GetValue(warmUp) is { } seconds ? TimeSpan.FromSeconds(seconds) : StepBenchmark.UsualWarmUp;
            var benchmark = new StepBenchmark(OwnProgram.Find(typeof(BenchCommand).Assembly), times, perRound, warming, beside, session.Terminal.Out.WriteLine);
            var figures = new List<StepFigures>();
            foreach (var (name, job) in jobs)
                figures.Add(await benchmark.RunAsync(name, job, parsed.GetValue(config), session.Interruption.AtOnce, session.Interruption.Token));
            Print(session.Terminal, figures);
            if (parsed.GetValue(json) is { } file) new BenchReport<StepFigures>("step", Machine.This, times, figures).Write(file);
            return ExitCodes.Done;
        });
        return command;
    }

    // What the child processes of the benchmark run.
    private static Command Plain(Session session)
    {
        var command = new Command("plain", "Runs the plain loop for the benchmark that started it.") { Hidden = true };
        var job = new Argument<string>("JOB");
        command.Add(job);
        command.SetAction((parsed, _) =>
        {
            PlainLoop.Serve(Job.Load(parsed.GetValue(job)!, new JobOverrides()), Console.In, session.Terminal.Out);
            return Task.FromResult(ExitCodes.Done);
        });
        return command;
    }

    private static void Print(TerminalOutput terminal, IReadOnlyList<StepFigures> figures)
    {
        var peered = figures.Any(row => row.Ddp is not null);
        BenchTable.Write(
            terminal,
            ["model", "parameters", "plain ms", "at once ms", "slowest ms", "cluster ms", "to plain", "to at once", "to slowest", .. peered ? ["DDP ms", "DDP / cluster"] : (string[])[]],
            figures.Select(row => (string[])[
                row.Model, Figures.Count(row.Parameters), BenchTable.Ms(row.Plain.Median), BenchTable.Ms(row.Together.Median), BenchTable.Ms(row.Slowest.Median),
                BenchTable.Ms(row.Cluster.Median), BenchTable.Ratio(row.RatioToPlain), BenchTable.Ratio(row.RatioToTogether), BenchTable.Ratio(row.RatioToSlowest),
                .. row.Ddp is { } ddp ? [BenchTable.Ms(ddp.Median), BenchTable.Ratio(row.RateToDdp!.Value)] : (string[])[]]));
        terminal.Out.WriteLine("plain: one process without a server; at once: as many of them as workers; slowest: the slowest of these at each step; cluster: workers and servers"
            + (peered ? "; DDP: PyTorch's DistributedDataParallel, gloo, as many processes" : ""));
        terminal.Out.WriteLine($"{figures[0].Workers} workers, {figures[0].Servers} servers, {Machine.This}");
    }
}
