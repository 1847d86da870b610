namespace Distributed.Transport;

/// <summary>What a peer says ends up in logs and on terminals.</summary>
internal static class Printable
{
    /// <summary>The text with control characters made harmless.</summary>
    internal static string Text(string text) => string.Create(text.Length, text, (into, from) =>
    {
        for (int i = 0; i < from.Length; i++)
        {
            into[i] = char.IsControl(from[i]) ? '?' : from[i];
        }
    });
}
