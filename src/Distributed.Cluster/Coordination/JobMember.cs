using Distributed.Cluster.ParameterServers;
using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Coordination;

/// <summary>What a job's coordinator knows of one worker.</summary>
internal sealed class WorkerState(MembershipMessages.NodeInfo node)
{
    private readonly Queue<ProgressMessages.StepReport> newest = new();

    public MembershipMessages.NodeInfo Node { get; } = node;

    /// <summary>The slots that it computes; none before its first lease and between two.</summary>
    public int[] Slots { get; private set; } = [];

    /// <summary>Whether it has its data and its module.</summary>
    public bool Prepared { get; set; }

    /// <summary>Whether a lease was given to it that it has not been halted from.</summary>
    public bool Leased { get; set; }

    /// <summary>Whether it is linked under its lease.</summary>
    public bool Ready { get; set; }

    public bool Finished { get; set; }

    public bool Released { get; set; }

    /// <summary>How long nothing has been heard of it.</summary>
    public TimeSpan Silence { get; set; }

    /// <summary>How often it could not link since it last did.</summary>
    public int LinkFailures { get; set; }

    public long BytesSent { get; set; }

    public long Step { get; private set; }

    public string Phase { get; private set; } = "starting";

    /// <summary>When the worker's step or phase last changed, in <see cref="Environment.TickCount64"/>.</summary>
    public long Since { get; private set; } = Environment.TickCount64;

    /// <summary>Gives it slots, or none; how long steps took with others says nothing about those.</summary>
    public void Lease(int[] slots)
    {
        (Slots, Leased, Ready, Finished) = (slots, slots.Length > 0, false, false);
        newest.Clear();
    }

    /// <summary>What a step takes it, itself, as far as it has said so; null before <see cref="Stragglers.LeastSteps"/> of them.</summary>
    public StepParts? Parts => newest.Count < Stragglers.LeastSteps ? null : new StepParts(
        Slots.Length, Median(step => step.InputWaitMilliseconds), Median(step => step.ComputeMilliseconds), Median(step => step.SendMilliseconds));

    /// <summary>"0-1" for consecutive slots.</summary>
    public string SlotsText => Slots.Length == 0 ? "none" : Slots[^1] - Slots[0] == Slots.Length - 1
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
/// <param name="shards">Those that workers follow there.</param>
/// <param name="backups">Those that it keeps for others.</param>
internal sealed class ServerState(
    MembershipMessages.NodeInfo node, IEnumerable<TrainingMessages.ShardDescription> shards, IEnumerable<TrainingMessages.ShardDescription> backups)
{
    public MembershipMessages.NodeInfo Node { get; } = node;

    /// <summary>The shards that workers take from here.</summary>
    public List<TrainingMessages.ShardDescription> Shards { get; } = [.. shards];

    /// <summary>The shards that other servers give to workers, and that would be taken from here without these.</summary>
    public List<TrainingMessages.ShardDescription> Backups { get; } = [.. backups];

    /// <summary>Shards of others for whose weights it has room, for the workers of its host.</summary>
    public TrainingMessages.ShardDescription[] Relayed { get; init; } = [];

    /// <summary>All, in the order of the flat vector.</summary>
    public TrainingMessages.ShardDescription[] Held => [.. Shards.Concat(Backups).OrderBy(shard => shard.Offset)];

    /// <summary>Where it takes links; null until it is ready.</summary>
    public TrainingMessages.DataAddress? Endpoint { get; set; }

    public bool Released { get; set; }

    /// <summary>How long nothing has been heard of it.</summary>
    public TimeSpan Silence { get; set; }

    /// <summary>The version of its shard that has come least far, as it last said.</summary>
    public long Version { get; set; }

    /// <summary>The slots that the next update of its shards waits for, as it last said.</summary>
    public int[] MissingSlots { get; set; } = [];

    public long BytesSent { get; set; }

    public long Bytes => Shards.Concat(Backups).Sum(shard => shard.Length) * sizeof(float);
}
