using System.Globalization;
using System.Runtime.InteropServices;
using Distributed.Cluster.Launching;
using Distributed.Cluster.Nodes;

namespace Distributed;

/// <summary>A process that <see cref="DistributedTraining"/> started: a node until its parent ends it.</summary>
internal static class ChildNode
{
    /// <summary>What stands between the program's own arguments and a node's.</summary>
    public const string Marker = "--distributed-training";

    /// <summary>A node's arguments; null where the program was started by somebody else.</summary>
    public static string[]? ArgumentsOf(string[] args) => Array.LastIndexOf(args, Marker) is >= 0 and var at ? args[(at + 1)..] : null;

    /// <summary>Becomes the node; the process ends within.</summary>
    /// <param name="arguments">As <see cref="LocalNodes.StartFor"/> gives them.</param>
    public static async Task RunAsync(string[] arguments)
    {
        // Ctrl-C reaches every process of a terminal's group at once; the parent decides what it means.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, static context => context.Cancel = true);
        using var hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, static context => context.Cancel = true);
        ParentWatch.Start(Console.OpenStandardInput(), static () => ProcessEnd.Now(0));
        try
        {
            await using var node = await TrainerNode.StartAsync(Options(arguments), static _ => { }, CancellationToken.None);
            await node.Terminated;
            Tell($"{Value(arguments, "--name")} is no longer a member of its cluster");
        }
        catch (Exception exception)
        {
            // The top of the process: the parent reads why, and nothing of the program's own may run here.
            Tell(exception.Message);
        }

        ProcessEnd.Now(1);
    }

    internal static NodeOptions Options(string[] arguments) => new()
    {
        Name = Value(arguments, "--name") ?? "node",
        Roles = [Value(arguments, "--role") ?? "worker"],
        Seeds = Value(arguments, "--seed") is { } seed ? [seed] : [],
        Cores = Value(arguments, "--cores") is { } cores ? [.. cores.Split(',').Select(core => int.Parse(core, CultureInfo.InvariantCulture))] : [],
    };

    private static string? Value(string[] arguments, string option) =>
        Array.IndexOf(arguments, option) is >= 0 and var at && at + 1 < arguments.Length ? arguments[at + 1] : null;

    // Standard error is the parent's: it tells the last line of it where a node's end has to be explained.
    private static void Tell(string line) => Console.Error.WriteLine(line);
}
