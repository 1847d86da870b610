namespace Distributed.Transport;

/// <summary>Memory could not be shared or mapped: the system's reason, or what is wrong with what a peer offers.</summary>
/// <param name="message">What was tried and why it failed.</param>
public sealed class SharedMemoryException(string message) : Exception(message);
