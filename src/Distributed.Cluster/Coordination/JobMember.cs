using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Coordination;

/// <summary>What a job's coordinator knows of one worker.</summary>
internal sealed class WorkerState(MembershipMessages.NodeInfo node, int[] slots)
{
    private readonly Queue<ProgressMessages.StepReport> newest = new();

    public MembershipMessages.NodeInfo Node { get; } = node;

    public int[] Slots { get; } = slots;

    public bool Ready { get; set; }

    public bool Finished { get; set; }

    public bool Released { get; set; }

    public long BytesSent { get; set; }

    public long Step { get; private set; }

    public string Phase { get; private set; } = "starting";

    /// <summary>When the worker's step or phase last changed, in <see cref="Environment.TickCount64"/>.</summary>
    public long Since { get; private set; } = Environment.TickCount64;

    /// <summary>"0-1" for consecutive slots.</summary>
    public string SlotsText => Slots[^1] - Slots[0] == Slots.Length - 1
        ? new SlotRange(Slots[0], Slots.Length).ToString()
        : string.Join(",", Slots);

    public void Update(ProgressMessages.WorkerReport report)
    {
        if (report.Step != Step || report.Phase != Phase)
            Since = Environment.TickCount64;
        Step = report.Step;
        Phase = report.Phase;
        foreach (var step in report.Steps)
        {
            newest.Enqueue(step);
            if (newest.Count > 50)
                newest.Dequeue();
        }
    }

    public Monitoring.WorkerProgress Progress => new(
        Node.Name, SlotsText, Step, Phase, Median(step => step.ComputeMilliseconds), Median(step => step.ExchangeMilliseconds),
        newest.Count == 0 ? 0 : newest.Sum(step => step.Slots.Sum(slot => slot.Samples)) / Math.Max(1e-9, newest.Sum(step => step.TotalMilliseconds) / 1000))
    {
        InputMilliseconds = Median(step => step.InputMilliseconds),
        PhaseSeconds = Math.Round((Environment.TickCount64 - Since) / 1000.0, 1),
    };

    private double Median(Func<ProgressMessages.StepReport, double> of) =>
        newest.Count == 0 ? 0 : newest.Select(of).Order().ElementAt(newest.Count / 2);
}

/// <summary>What a job's coordinator knows of one server.</summary>
internal sealed class ServerState(MembershipMessages.NodeInfo node, TrainingMessages.ShardDescription[] shards)
{
    public MembershipMessages.NodeInfo Node { get; } = node;

    public TrainingMessages.ShardDescription[] Shards { get; } = shards;

    /// <summary>Where it takes links; null until it is ready.</summary>
    public TrainingMessages.DataAddress? Endpoint { get; set; }

    public bool Released { get; set; }

    public long BytesSent { get; set; }

    public long Bytes => Shards.Sum(shard => shard.Length) * sizeof(float);
}
