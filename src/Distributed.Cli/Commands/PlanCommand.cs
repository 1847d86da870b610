using System.CommandLine;
using System.Globalization;
using Distributed.Cli.Planning;
using Distributed.Cli.Terminal;
using Distributed.Cluster.Jobs;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer plan</c>: what a job takes on some machines, and what its steps will wait for, before anything is started.</summary>
internal static class PlanCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer plan mnist-cnn --hosts hosts                 step time, network, memory and what limits them",
        "trainer plan my.hocon --hosts hosts --slot-ms 40     a slot takes 40 ms on those machines: nothing is measured here",
    ];

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("plan", "Estimates what a job takes on the machines of a hosts file, and what limits it.");
        var job = new JobOptions(command, jobByDefault: false, runs: false);
        var hosts = Parsing.Text("--hosts", "FILE", "the machines, as for deploy/ssh/launch.sh: ADDRESS workers=N servers=N cores=N memory=64GB gbit=10");
        hosts.Required = true;
        var slot = Parsing.Number("--slot-ms", "MS", 0.001, 1e7, "how long a worker of theirs takes for a slot (default: it is measured on this machine)");
        command.Add(hosts);
        command.Add(slot);
        command.SetAction(parsed =>
        {
            var machines = PlannedHost.ReadFile(parsed.GetValue(hosts)!);
            return Run(session, job.Load(parsed), machines, parsed.GetValue(slot));
        });
        return command;
    }

    private static int Run(Session session, Job job, IReadOnlyList<PlannedHost> hosts, double? given)
    {
        var load = JobLoad.Of(job, given ?? SlotTime.Measure(job));
        foreach (var line in Lines(job, load, new ClusterPlan(load, hosts), given is null)) session.Terminal.Out.WriteLine(line);
        return ExitCodes.Done;
    }

    private static IEnumerable<string> Lines(Job job, JobLoad load, ClusterPlan plan, bool measured)
    {
        yield return $"{job.Name}: {Many(plan.Workers, "worker")}, {Many(plan.Servers, "server")}, {Many(load.Slots, "slot")} of {Many(load.SlotSamples, "sample")}, {Many(load.Threads, "thread")} a worker";
        yield return $"parameters   {Figures.Count(load.Floats)}: a worker sends {Figures.Bytes((double)load.Floats * load.BytesPerFloat * plan.Homes)} a step and receives {Figures.Bytes((double)load.Floats * load.BytesPerFloat)}";
        yield return $"a slot       {BenchTable.Ms(load.SlotMilliseconds)} ms{(measured ? " on this machine, in float32 (--slot-ms for machines of another kind)" : "")}";
        yield return "";
        var width = Math.Max(7, plan.Hosts.Max(host => host.Host.Address.Length));
        yield return $"{"machine".PadRight(width)}  workers  servers  compute ms      sends   receives  network ms  update ms     memory";
        foreach (var host in plan.Hosts)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{host.Host.Address.PadRight(width)}  {host.Host.Workers,7}  {host.Host.Servers,7}  {BenchTable.Ms(host.Compute),10}  {Figures.Bytes(host.SentBytes),9}  {Figures.Bytes(host.ReceivedBytes),9}  {BenchTable.Ms(host.Network),10}  {BenchTable.Ms(host.Update),9}  {Figures.Bytes(host.MemoryBytes),9}");
        }

        yield return "";
        yield return $"a step       {BenchTable.Ms(plan.Step)} ms; {BenchTable.Ms(plan.StepAtMost)} ms where nothing overlaps; {Figures.Count(job.Batch / plan.Step * 1000)} samples/s";
        yield return $"bottleneck   {plan.Bottleneck()}";
        foreach (var warning in plan.Warnings()) yield return $"warning      {warning}";
    }

    private static string Many(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");
}
