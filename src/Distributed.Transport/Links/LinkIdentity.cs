using System.Text;

namespace Distributed.Transport;

/// <summary>Who speaks, for which job, and what both sides must agree on before the first gradient travels.</summary>
/// <param name="Job">The job.</param>
/// <param name="LayoutHash">A hash over the layout of the flat parameter vector, at most <see cref="MaximumHashBytes"/> bytes.</param>
/// <param name="Node">The node's name, such as "worker-2"; at most <see cref="MaximumNameBytes"/> bytes.</param>
/// <param name="Role">What the node is, such as "worker"; at most <see cref="MaximumNameBytes"/> bytes.</param>
public sealed record LinkIdentity(Guid Job, byte[] LayoutHash, string Node, string Role)
{
    /// <summary>The protocol that this build speaks; grows when frames or the handshake change.</summary>
    public const int CurrentProtocol = 1;

    /// <summary>The longest layout hash, in bytes.</summary>
    public const int MaximumHashBytes = 64;

    /// <summary>The longest name of a node or role, in bytes of UTF-8.</summary>
    public const int MaximumNameBytes = 128;

    /// <summary>The shortest secret of a job, in bytes.</summary>
    public const int MinimumSecretBytes = 16;

    /// <summary>The protocol that this side speaks.</summary>
    public int Protocol { get; init; } = CurrentProtocol;

    /// <summary>Checks what this side is about to say of itself, and the secret that it is to prove.</summary>
    /// <exception cref="ArgumentException">A name, the hash or the secret has a size that the other side would not take.</exception>
    internal void Check(byte[] secret)
    {
        foreach (string name in new[] { Node, Role })
        {
            if (name.Length == 0 || Encoding.UTF8.GetByteCount(name) > MaximumNameBytes)
            {
                throw new ArgumentException($"A node's name and role need 1 to {MaximumNameBytes} bytes, unlike '{name}'.");
            }
        }

        if (LayoutHash.Length > MaximumHashBytes)
        {
            throw new ArgumentException($"A layout hash has at most {MaximumHashBytes} bytes, not {LayoutHash.Length}.");
        }

        if (secret.Length < MinimumSecretBytes)
        {
            throw new ArgumentException($"A job's secret needs {MinimumSecretBytes} bytes or more, not {secret.Length}.");
        }
    }

    /// <summary>Node and role as messages say them, such as "worker-2 (worker)".</summary>
    public override string ToString() => $"{Node} ({Role})";
}
