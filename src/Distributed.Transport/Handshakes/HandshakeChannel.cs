using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Distributed.Transport;

/// <summary>
/// One connection during its handshake: messages with a length before them, one deadline over all of them, and the transcript
/// that the proofs are made over.
/// </summary>
internal sealed class HandshakeChannel(Wire wire, TimeSpan deadline)
{
    private readonly Stopwatch _since = Stopwatch.StartNew();
    private readonly MemoryStream _transcript = new();

    /// <summary>What is left of the deadline.</summary>
    internal TimeSpan Left => deadline - _since.Elapsed;

    /// <exception cref="LinkException">The connection ended, or the deadline passed.</exception>
    internal void Send(HandshakeMessage message)
    {
        byte[] body = message.Encode();
        byte[] whole = new byte[body.Length + 2];
        BinaryPrimitives.WriteUInt16LittleEndian(whole, checked((ushort)body.Length));
        body.CopyTo(whole, 2);
        _transcript.Write(whole);
        Guard(() =>
        {
            for (int sent = 0; sent < whole.Length;)
            {
                wire.Socket.SendTimeout = MillisecondsLeft();
                sent += wire.Send(whole.AsSpan(sent));
            }
        });
    }

    /// <exception cref="LinkException">The connection ended, the deadline passed, or what came is not a message.</exception>
    internal HandshakeMessage Receive()
    {
        byte[] prefix = Read(2);
        int bytes = BinaryPrimitives.ReadUInt16LittleEndian(prefix);
        if (bytes > HandshakeMessage.MaximumBytes)
        {
            throw new LinkException("what came is not a greeting of the data plane");
        }

        byte[] body = Read(bytes);
        HandshakeMessage message = HandshakeMessage.Decode(body);
        _transcript.Write(prefix);
        _transcript.Write(body);
        return message;
    }

    /// <summary>
    /// HMAC-SHA256 over everything said so far and the role of the prover. The role keeps a proof from being sent back as one's own.
    /// </summary>
    internal byte[] Prove(byte[] secret, string prover)
    {
        using IncrementalHash code = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        code.AppendData(Encoding.ASCII.GetBytes($"distributed link proof of the {prover}\n"));
        code.AppendData(_transcript.GetBuffer(), 0, (int)_transcript.Length);
        return code.GetHashAndReset();
    }

    /// <summary>Ends the deadline: the connection becomes a link, whose calls wait as long as it takes.</summary>
    internal void Open()
    {
        wire.Socket.SendTimeout = 0;
        wire.Socket.ReceiveTimeout = 0;
    }

    private byte[] Read(int bytes)
    {
        byte[] into = new byte[bytes];
        Guard(() =>
        {
            for (int got = 0; got < bytes;)
            {
                wire.Socket.ReceiveTimeout = MillisecondsLeft();
                int chunk = wire.Receive(into.AsSpan(got));
                got += chunk > 0 ? chunk : throw new LinkException("the connection ended in the handshake");
            }
        });
        return into;
    }

    private int MillisecondsLeft() => Left > TimeSpan.Zero
        ? (int)Math.Clamp(Math.Ceiling(Left.TotalMilliseconds), 1, int.MaxValue)
        : throw Late();

    private void Guard(Action step)
    {
        try
        {
            step();
        }
        catch (SocketException failure) when (failure.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
        {
            throw Late();
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            throw new LinkException($"the connection ended in the handshake: {failure.Message}", failure);
        }
    }

    private LinkException Late() => HandshakeDeadline.Late(deadline);
}
