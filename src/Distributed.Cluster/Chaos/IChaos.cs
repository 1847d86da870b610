namespace Distributed.Cluster.Chaos;

/// <summary>Where in a step a fault can be put; each point belongs to one role.</summary>
internal enum ChaosPhase
{
    /// <summary>A worker has computed a piece and told nobody.</summary>
    BeforeSending,

    /// <summary>A worker has given a gradient to the first of its links (with one server: before it, or half-way where it is streamed).</summary>
    WhileSending,

    /// <summary>A worker has given its gradients to all links; over TCP they may still be on their way.</summary>
    AfterSending,

    /// <summary>A worker has the next version of all shards, which it has reported to nobody.</summary>
    AfterStep,

    /// <summary>A server's shard has every gradient of a version and begins its update.</summary>
    BeforeCommit,

    /// <summary>A server's shard has made its update and told nobody.</summary>
    BeforeAnnouncing,

    /// <summary>A server is asked for what a checkpoint is made of.</summary>
    WhileCheckpointing,

    /// <summary>A coordinator has heard what all slots of a committed step saw, and written it nowhere.</summary>
    BeforeRecording,

    /// <summary>A coordinator has brought steps into the run's metrics, and not into its ledger.</summary>
    WhileRecording,

    /// <summary>A coordinator has written an evaluation down, and nobody has been told what follows from it.</summary>
    BeforeDeciding,

    /// <summary>A coordinator has given the first of its workers their slots under a new term, and the others none.</summary>
    WhileLeasing,

    /// <summary>A coordinator holds a worker between two steps, to copy what a checkpoint is made of.</summary>
    WhileHolding,

    /// <summary>A coordinator has written all parts of a checkpoint, and not the manifest that makes it whole.</summary>
    BeforeManifest,

    /// <summary>A coordinator has written the trained model, and told nobody.</summary>
    BeforeEnding,
}

/// <summary>Faults on purpose. Code asks at its points, and only where somebody wants faults: elsewhere the reference is null.</summary>
internal interface IChaos
{
    /// <summary>Does to this very process what is planned here; often nothing, sometimes it does not return.</summary>
    void At(ChaosPhase phase, long step);
}
