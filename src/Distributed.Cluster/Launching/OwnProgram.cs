using System.Reflection;

namespace Distributed.Cluster.Launching;

/// <summary>How to start this very program once more.</summary>
/// <param name="FileName">The executable: the .NET host, or the program's own.</param>
/// <param name="Leading">Arguments that come before a node's own, such as the path of the program's assembly.</param>
internal sealed record OwnProgram(string FileName, IReadOnlyList<string> Leading)
{
    /// <summary>
    /// Started as <c>dotnet trainer.dll</c>, it is the same host with the same file; started through its own executable (published), it is
    /// that; loaded into another program (a test), it is the host that runs that program with the file of its assembly.
    /// </summary>
    /// <param name="program">The program's assembly.</param>
    public static OwnProgram Find(Assembly program) =>
        Find(Environment.ProcessPath, program.Location, Environment.GetEnvironmentVariable("DOTNET_HOST_PATH"));

    internal static OwnProgram Find(string? processPath, string assembly, string? hostVariable)
    {
        var running = Path.GetFileNameWithoutExtension(processPath);
        // A single-file program has no assembly on disk: its executable is all there is.
        if (processPath is not null && (assembly.Length == 0 || running == Path.GetFileNameWithoutExtension(assembly))) return new(processPath, []);
        var host = running == "dotnet" ? processPath : hostVariable;
        return new(host ?? "dotnet", [assembly]);
    }
}
