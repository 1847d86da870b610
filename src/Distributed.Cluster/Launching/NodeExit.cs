namespace Distributed.Cluster.Launching;

/// <summary>How a node's process ended.</summary>
/// <param name="Name">The node's name.</param>
/// <param name="Code">Its exit code; 128 + the signal's number where a signal ended it.</param>
/// <param name="LastError">The last line that it wrote to standard error.</param>
internal sealed record NodeExit(string Name, int Code, string? LastError)
{
    /// <summary>How it ended and what it said last.</summary>
    public string How
    {
        get
        {
            var how = Code is > 128 and < 128 + 65
                ? $"was ended by signal {Code - 128}{SignalName(Code - 128)}"
                : $"ended with exit code {Code}";
            return $"its process {how}{(LastError is null ? "" : $": {LastError.Trim()}")}";
        }
    }

    /// <summary>One line for the user: who, and <see cref="How"/>.</summary>
    public string Describe() => $"{Name}: {How}";

    private static string SignalName(int signal) => signal switch
    {
        1 => " (SIGHUP)",
        2 => " (SIGINT)",
        3 => " (SIGQUIT)",
        4 => " (SIGILL)",
        6 => " (SIGABRT)",
        7 => " (SIGBUS)",
        8 => " (SIGFPE)",
        9 => " (SIGKILL; when nobody sent it, the machine may have run out of memory)",
        11 => " (SIGSEGV)",
        15 => " (SIGTERM)",
        _ => "",
    };
}
