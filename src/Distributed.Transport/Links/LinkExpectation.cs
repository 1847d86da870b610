namespace Distributed.Transport;

/// <summary>What a listener demands of, and offers to, the nodes that dial it for one job.</summary>
/// <param name="Me">This node in that job; its job and layout are the ones that a dialler must have.</param>
/// <param name="Secret">The job's secret, at least 16 bytes; both sides prove that they hold it, and it never travels.</param>
/// <param name="Segment">The memory that same-host peers may read (a server's weights); null where there is none.</param>
public sealed record LinkExpectation(LinkIdentity Me, byte[] Secret, SegmentOffer? Segment = null)
{
    /// <summary>The identity only: the secret stays out of logs.</summary>
    public override string ToString() => Me.ToString();
}

/// <summary>A connection that did not become a link.</summary>
/// <param name="Reason">Who was refused, by whom, and what differs or went wrong: a line for people.</param>
/// <param name="Why">What differs or went wrong.</param>
/// <param name="Node">The peer's name as it said it; null where it did not get that far.</param>
/// <param name="Role">The peer's role as it said it; null where it did not get that far.</param>
/// <param name="From">The address that the connection came from.</param>
public sealed record LinkRefusal(string Reason, string Why, string? Node, string? Role, string From);
