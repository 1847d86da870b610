namespace Distributed.Transport;

/// <summary>Certificate files cannot be used, made or written: which file, and what was expected of it.</summary>
/// <param name="message">The file and the problem, in one line.</param>
/// <param name="inner">The system's own report, where there is one.</param>
public sealed class CertificateException(string message, Exception? inner = null) : IOException(message, inner);
