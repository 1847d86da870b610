namespace Distributed.Cluster.Tests.Coordination.Protocol;

/// <summary>A rule that the world breaks on purpose: whoever looks for violations has to find one.</summary>
internal enum BrokenRule
{
    None,

    /// <summary>Shards take gradients of older terms.</summary>
    TermsAreNotLookedAt,

    /// <summary>Shards take gradients of other versions.</summary>
    VersionsAreNotLookedAt,

    /// <summary>Workers go on when the first homes have announced a version.</summary>
    BackupsAreNotAwaited,

    /// <summary>Workers go on when the first shard has announced a version.</summary>
    OneShardIsEnough,

    /// <summary>Servers do not say that an update is due.</summary>
    DueUpdatesAreNotTold,

    /// <summary>Slots are leased anew before servers have said where they stand.</summary>
    OneServerIsEnough,

    /// <summary>Servers forget what slots saw as soon as the coordinator has it, and not when it is written.</summary>
    FiguresAreForgottenEarly,

    /// <summary>Servers do not tell what slots saw.</summary>
    FiguresAreNotTold,

    /// <summary>A successor goes on where the files end at the very version of the shards alone.</summary>
    FilesEndWhereShardsStand,

    /// <summary>Members begin a term of which a successor would not know.</summary>
    TermsAreNotKept,
}

/// <summary>What can happen in a world.</summary>
/// <param name="Versions">How many steps there are.</param>
/// <param name="Faults">How many faults at most.</param>
/// <param name="Backups">Each of the two servers has both shards; otherwise each has one.</param>
/// <param name="PerShard">Gradients go shard by shard, as over a network; otherwise server by server.</param>
/// <param name="CoordinatorFails">Whether its loss is one of the faults.</param>
/// <param name="Repeats">Whether gradients that come twice are among the faults.</param>
/// <param name="Broken">What is wrong on purpose.</param>
internal sealed record Scenario(
    int Versions, int Faults, bool Backups = false, bool PerShard = false, bool CoordinatorFails = false, bool Repeats = false,
    BrokenRule Broken = BrokenRule.None);

/// <summary>An invariant of the protocol does not hold.</summary>
internal sealed class ViolationException(string what, Exception? cause = null) : Exception(what, cause);
