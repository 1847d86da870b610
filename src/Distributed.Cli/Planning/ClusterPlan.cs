using System.Globalization;
using Distributed.Cli.Terminal;

namespace Distributed.Cli.Planning;

/// <summary>What a machine has to do in a step.</summary>
/// <param name="Host">The machine.</param>
/// <param name="Compute">Milliseconds until its workers have computed their slots.</param>
/// <param name="SentBytes">What leaves it over the network.</param>
/// <param name="ReceivedBytes">What comes to it over the network.</param>
/// <param name="Update">Milliseconds in which its servers sum and update.</param>
/// <param name="MemoryBytes">What its nodes take, without data.</param>
internal sealed record HostLoad(PlannedHost Host, double Compute, double SentBytes, double ReceivedBytes, double Update, double MemoryBytes)
{
    /// <summary>Milliseconds in which its network carries both: each way by itself.</summary>
    public double Network => Math.Max(SentBytes, ReceivedBytes) * 8 / (Host.Gigabits * 1e9) * 1000;
}

/// <summary>The formula of <c>src/OPERATIONS.md</c> for a job on machines: how long a step takes, and what it takes.</summary>
internal sealed class ClusterPlan
{
    /// <summary>What a server reads and writes in a second while it sums and updates, in memory that it shares with workers: from the table of the README.</summary>
    public const double UpdateBytesPerSecond = 45e9;

    /// <summary>A worker's program with libtorch, before it has a model.</summary>
    public const double WorkerBytes = 300e6;

    /// <summary>A server's or coordinator's.</summary>
    public const double ServerBytes = 250e6;

    private readonly JobLoad job;

    /// <summary>Applies the formula.</summary>
    public ClusterPlan(JobLoad job, IReadOnlyList<PlannedHost> hosts)
    {
        this.job = job;
        Workers = hosts.Sum(host => host.Workers);
        Servers = hosts.Sum(host => host.Servers);
        Homes = Servers > 1 ? 1 + job.Backups : 1;
        MostSlots = (job.Slots + Workers - 1) / Workers;
        Hosts = [.. hosts.Select((host, index) => Load(host, first: index == 0))];
    }

    /// <summary>Workers on all machines.</summary>
    public int Workers { get; }

    /// <summary>Servers on all machines.</summary>
    public int Servers { get; }

    /// <summary>On how many servers each shard lives.</summary>
    public int Homes { get; }

    /// <summary>Slots of the worker that has most: every step waits for it.</summary>
    public int MostSlots { get; }

    /// <summary>Each machine's part.</summary>
    public IReadOnlyList<HostLoad> Hosts { get; }

    /// <summary>Milliseconds of the slowest machine's workers.</summary>
    public double Compute => Hosts.Max(host => host.Compute);

    /// <summary>Milliseconds of the busiest network.</summary>
    public double Network => Hosts.Max(host => host.Network);

    /// <summary>Milliseconds of the busiest servers.</summary>
    public double Update => Hosts.Max(host => host.Update);

    /// <summary>A step in milliseconds where tensors travel while others are computed, as streaming has it.</summary>
    public double Step => Math.Max(Compute, Network) + Update;

    /// <summary>A step in milliseconds where nothing overlaps.</summary>
    public double StepAtMost => Compute + Network + Update;

    /// <summary>What a step waits for most, with what can be done.</summary>
    public string Bottleneck()
    {
        if (Network >= Compute && Network >= Update)
        {
            var busiest = Hosts.MaxBy(host => host.Network)!;
            var (way, bytes) = busiest.SentBytes >= busiest.ReceivedBytes ? ("sends", busiest.SentBytes) : ("receives", busiest.ReceivedBytes);
            return $"network: {busiest.Host.Address} {way} {Figures.Bytes(bytes)} a step over {Number(busiest.Host.Gigabits)} Gbit/s; "
                + "a larger batch, bf16, or servers spread over the machines make that less of a step";
        }

        if (Update >= Compute)
            return $"update: the servers of {Hosts.MaxBy(host => host.Update)!.Host.Address}; more servers share it";
        var slowest = Hosts.MaxBy(host => host.Compute)!.Host;
        return $"compute: {(MostSlots == 1 ? "each worker has a slot" : $"of {job.Slots} slots the worker with most has {MostSlots}")}"
            + (Crowded(slowest) ? $", and {slowest.Address} has fewer cores than its workers have threads"
                : MostSlots > 1 ? $"; {(job.Slots + MostSlots - 2) / (MostSlots - 1)} workers would bring it to {MostSlots - 1}" : "; a smaller batch a slot, or more slots and workers");
    }

    /// <summary>What does not fit, or is of no use.</summary>
    public IEnumerable<string> Warnings()
    {
        if (Workers > job.Slots)
            yield return $"{Workers} workers but {job.Slots} slots: {Workers - job.Slots} of them have nothing to do (slots={Workers} or more is another job with other results)";
        else if ((job.Slots + MostSlots - 1) / MostSlots is var enough && enough < Workers)
            yield return $"{enough} workers are as fast as {Workers}: {job.Slots} slots divide no better";
        if (Servers == 1)
            yield return "one server: its loss costs the steps since the last checkpoint";
        foreach (var load in Hosts)
        {
            if (Crowded(load.Host))
                yield return $"{load.Host.Address}: {load.Host.Workers} workers of {job.Threads} threads on {load.Host.Cores} cores";
            if (load.Host.MemoryBytes is { } memory && load.MemoryBytes > memory)
                yield return $"{load.Host.Address}: needs {Figures.Bytes(load.MemoryBytes)} of memory without data, has {Figures.Bytes(memory)}";
        }
    }

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private bool Crowded(PlannedHost host) => host.Cores is { } cores && host.Workers * job.Threads > cores;

    private HostLoad Load(PlannedHost host, bool first)
    {
        double vector = job.Floats * (double)job.BytesPerFloat, share = (double)host.Servers / Servers, homes = Homes * share;
        var elsewhere = Workers - host.Workers;
        var crowding = Crowded(host) ? (double)host.Workers * job.Threads / host.Cores!.Value : 1;
        // Of every parameter: the workers' gradients are read, the weights and what the optimizer keeps are read and written.
        var touched = job.Floats * homes * ((Workers * job.BytesPerFloat) + (sizeof(float) * (2 + (2 * job.Moments))));
        var worker = WorkerBytes + (3 * vector) + (2 * sizeof(float) * job.ActivationFloats);
        var server = ServerBytes + (job.Floats * (double)Homes / Servers
            * ((sizeof(float) * (2 + job.Moments)) + (job.BytesPerFloat < sizeof(float) ? 2 * job.BytesPerFloat : 0) + (Workers * job.BytesPerFloat)));
        return new HostLoad(
            host, host.Workers > 0 ? MostSlots * job.SlotMilliseconds * crowding : 0,
            (host.Workers * vector * (Homes - homes)) + (elsewhere * vector * share),
            (elsewhere * vector * homes) + (host.Workers * vector * (1 - share)),
            touched / UpdateBytesPerSecond * 1000,
            (host.Workers * worker) + (host.Servers * server) + (first ? ServerBytes : 0));
    }
}
