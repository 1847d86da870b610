namespace Distributed.Transport;

/// <summary>How a link carries tensors.</summary>
public enum LinkKind
{
    /// <summary>Both nodes share memory; only headers travel, over a Unix-domain socket.</summary>
    SharedMemory,

    /// <summary>Headers and payloads travel over TCP.</summary>
    Tcp,
}

/// <summary>What to do where both ends of a link are on one host.</summary>
public enum SameHost
{
    /// <summary>Share memory where that works, and otherwise use TCP.</summary>
    Auto,

    /// <summary>Use TCP as between hosts.</summary>
    Tcp,
}
