using System.Security.Cryptography;

namespace Distributed.Transport;

/// <summary>
/// How two nodes come to trust each other: each says who it is, proves that it knows the job's secret by a code over all that was
/// said (challenge and response, both ways), and opens the memory that the other offers. The dialling side speaks first:
/// hello / hello + proof / proof / verdict; a refusal can stand in the place of any of them.
/// </summary>
internal static class Handshake
{
    private const string Client = "client";
    private const string Server = "server";

    /// <summary>The dialling side's handshake.</summary>
    /// <returns>The link; null where the two sides cannot share memory and TCP should be tried, for the reason given.</returns>
    /// <exception cref="LinkRefusedException">One side refused the other.</exception>
    /// <exception cref="LinkException">The connection failed.</exception>
    internal static Link? Dial(
        Wire wire, LinkKind kind, LinkIdentity me, byte[] secret, SegmentOffer? mine, TimeSpan deadline, string? tcpReason, out string? obstacle)
    {
        obstacle = null;
        HandshakeChannel channel = new(wire, deadline);
        channel.Send(new Hello(me, RandomNumberGenerator.GetBytes(HandshakeMessage.NonceBytes), mine));
        Hello hello = Expect<Hello>(channel);
        if (Refusals.Between(hello.Identity, me) is { } difference)
        {
            throw Refuse(channel, difference);
        }

        // Only servers listen: whoever answers must be one, whatever it says.
        if (Refusals.Role(wire, hello.Identity with { Role = CertificateRoles.Server }) is { } noServer)
        {
            throw Refuse(channel, noServer);
        }

        byte[] expected = channel.Prove(secret, Server);
        if (!CryptographicOperations.FixedTimeEquals(expected, Expect<Proof>(channel).Code))
        {
            throw Refuse(channel, Refusals.Secret(hello.Identity, me));
        }

        SharedSegment? theirs = TryOpen(kind, hello.Segment, out obstacle);
        try
        {
            channel.Send(new Proof(channel.Prove(secret, Client), obstacle is null));
            Verdict verdict = Expect<Verdict>(channel);
            if (obstacle is null && !verdict.SharesMemory)
            {
                obstacle = $"{hello.Identity} cannot open the shared memory of {me}";
            }

            if (obstacle is not null)
            {
                theirs?.Dispose();
                return null;
            }

            channel.Open();
            return new Link(wire, kind, me, hello.Identity, theirs, tcpReason);
        }
        catch
        {
            theirs?.Dispose();
            throw;
        }
    }

    /// <summary>The listening side's handshake.</summary>
    /// <param name="wire">The accepted connection; where it is secure, its certificate must allow the role that the peer says.</param>
    /// <param name="kind">What the listening socket is for.</param>
    /// <param name="node">The listening node's name, for the refusal of a job that it does not know.</param>
    /// <param name="find">The expectation of a job; null where there is none.</param>
    /// <param name="deadline">For the whole handshake.</param>
    /// <param name="peer">Who dialled, as soon as it has said so.</param>
    /// <returns>The link; null where the two sides cannot share memory, and the dialler will come again over TCP.</returns>
    /// <exception cref="LinkRefusedException">One side refused the other.</exception>
    /// <exception cref="LinkException">The connection failed.</exception>
    internal static Link? Accept(
        Wire wire, LinkKind kind, string node, Func<Guid, LinkExpectation?> find, TimeSpan deadline, ref LinkIdentity? peer)
    {
        HandshakeChannel channel = new(wire, deadline);
        Hello hello = Expect<Hello>(channel);
        peer = hello.Identity;
        if (Refusals.Protocol(peer, node) is { } protocols)
        {
            throw Refuse(channel, protocols);
        }

        if (Refusals.Role(wire, peer) is { } role)
        {
            throw Refuse(channel, role);
        }

        if (find(peer.Job) is not { } expectation)
        {
            throw Refuse(channel, Refusals.Job(peer, node));
        }

        if (Refusals.Between(peer, expectation.Me) is { } difference)
        {
            throw Refuse(channel, difference);
        }

        SegmentOffer? mine = kind == LinkKind.SharedMemory ? expectation.Segment : null;
        channel.Send(new Hello(expectation.Me, RandomNumberGenerator.GetBytes(HandshakeMessage.NonceBytes), mine));
        channel.Send(new Proof(channel.Prove(expectation.Secret, Server), SharesMemory: true));
        byte[] expected = channel.Prove(expectation.Secret, Client);
        Proof proof = Expect<Proof>(channel);
        if (!CryptographicOperations.FixedTimeEquals(expected, proof.Code))
        {
            throw Refuse(channel, Refusals.Secret(peer, expectation.Me));
        }

        // Only now, after the proof: an unknown process does not get us to open what it names.
        string? obstacle = null;
        SharedSegment? theirs = proof.SharesMemory ? TryOpen(kind, hello.Segment, out obstacle) : null;
        bool shares = proof.SharesMemory && obstacle is null;
        try
        {
            channel.Send(new Verdict(shares));
            if (!shares)
            {
                return null;
            }

            channel.Open();
            return new Link(wire, kind, expectation.Me, peer, theirs);
        }
        catch
        {
            theirs?.Dispose();
            throw;
        }
    }

    private static SharedSegment? TryOpen(LinkKind kind, SegmentOffer? offer, out string? obstacle)
    {
        obstacle = null;
        if (kind != LinkKind.SharedMemory || offer is null)
        {
            return null;
        }

        try
        {
            return SharedSegment.OpenPeer(offer, writable: false);
        }
        catch (SharedMemoryException failure)
        {
            obstacle = failure.Message;
            return null;
        }
    }

    private static T Expect<T>(HandshakeChannel channel)
        where T : HandshakeMessage => channel.Receive() switch
        {
            T message => message,
            Refusal refusal => throw new LinkRefusedException(refusal.Reason),
            var other => throw new LinkException($"a {other.GetType().Name} came in the handshake where a {typeof(T).Name} was due"),
        };

    private static LinkRefusedException Refuse(HandshakeChannel channel, string reason)
    {
        try
        {
            channel.Send(new Refusal(reason));
        }
        catch (LinkException)
        {
            // The peer does not hear why, but this side still tells its own user.
        }

        return new LinkRefusedException(reason);
    }
}
