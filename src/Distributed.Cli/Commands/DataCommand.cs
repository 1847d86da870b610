using System.CommandLine;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer data</c>: looks at a job's data, and brings public data sets.</summary>
internal static class DataCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples = [.. DataShow.Examples, .. DataFetch.Examples, .. DataCacheCommand.Examples];

    /// <summary>The command with those below it.</summary>
    public static Command Create(Session session) => new("data", "Looks at the data of a job, and downloads public data sets.")
    {
        DataShow.Create(session),
        DataFetch.Create(session),
        DataCacheCommand.Create(session),
    };
}
