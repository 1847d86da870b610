namespace Distributed.Transport;

/// <summary>Where a node's data plane is reached.</summary>
/// <param name="Host">The name or address for TCP.</param>
/// <param name="Port">The TCP port.</param>
/// <param name="UnixName">The abstract Unix-domain socket's name without the leading zero byte; empty where there is none.</param>
/// <param name="HostId">The host's boot id: equal on two nodes of one running kernel. Empty where the system has none.</param>
public sealed record DataEndpoint(string Host, int Port, string UnixName, string HostId)
{
    /// <summary>The boot id of the host that this process runs on; empty where it is unknown.</summary>
    public static string ThisHost { get; } = ReadBootId();

    /// <summary>Host and port, for logs.</summary>
    public override string ToString() => $"{Host}:{Port}";

    private static string ReadBootId()
    {
        try
        {
            return OperatingSystem.IsLinux() ? File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim() : "";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
