namespace Distributed.Transport;

/// <summary>A link failed: who the peer is and what happened.</summary>
/// <param name="message">The peer and the failure.</param>
/// <param name="inner">The system's own report, where there is one.</param>
public class LinkException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>
/// One side refused the other in the handshake, for a reason that trying again or in another way does not change: another
/// protocol, job, layout or secret.
/// </summary>
/// <param name="message">Both nodes, their roles, and what differs.</param>
public sealed class LinkRefusedException(string message) : LinkException(message);
