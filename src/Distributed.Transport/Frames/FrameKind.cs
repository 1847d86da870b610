namespace Distributed.Transport;

/// <summary>What a frame says. Values travel: never give one another meaning, only add.</summary>
public enum FrameKind : byte
{
    /// <summary>The gradient of a run of slots for one shard: in place (shared memory) or following as payload.</summary>
    Gradient = 1,

    /// <summary>The weights of one shard at a version: in place (shared memory) or following as payload.</summary>
    Weights = 2,

    /// <summary>Asks for something: the weights or the state of a shard at a version.</summary>
    Fetch = 3,

    /// <summary>A shard's optimizer state, as payload.</summary>
    State = 4,

    /// <summary>Gives a shard's state to its second home, as payload.</summary>
    PutState = 5,

    /// <summary>The sender is about to close the link, on purpose.</summary>
    Goodbye = 6,

    /// <summary>The sender holds what was given to it.</summary>
    Acknowledge = 7,

    /// <summary>How many training samples the sender found: the learning rate may depend on the length of an epoch.</summary>
    Samples = 8,

    /// <summary>A shard's part of the norms of one update, as payload: doubles.</summary>
    Norms = 9,

    /// <summary>What a piece's slots saw in a step (samples, losses), as payload; it precedes the piece's gradient.</summary>
    Figures = 10,

    /// <summary>The sender wants the weights of this shard; of shards of which it has not said so, only that they have a version.</summary>
    Follow = 11,

    /// <summary>
    /// The sender wants its gradients summed with those of its host and passed on, and weights from elsewhere brought here: which, as payload.
    /// It precedes <see cref="Samples"/> and has the same figures.
    /// </summary>
    Gather = 12,
}
