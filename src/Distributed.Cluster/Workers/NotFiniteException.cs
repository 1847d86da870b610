namespace Distributed.Cluster.Workers;

/// <summary>A loss, a gradient or a weight is infinite or not a number, so that further steps mean nothing.</summary>
/// <param name="message">Step, slot and parameter.</param>
/// <param name="isCause">Whether it arose here; else this worker only met what an earlier update left.</param>
internal sealed class NotFiniteException(string message, bool isCause) : Exception(message)
{
    public bool IsCause { get; } = isCause;
}
