using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Distributed.Cluster.Configuration;
using Distributed.Learning;

namespace Distributed.Cluster.Chaos;

/// <summary>What is done to a process.</summary>
internal enum FaultKind
{
    /// <summary>It ends at once, as by <c>kill -9</c>.</summary>
    Kill,

    /// <summary>It stands still for a time (SIGSTOP), with all its threads.</summary>
    Pause,

    /// <summary>The thread that computes or sums stands still for a time, while the rest of the process lives.</summary>
    Delay,
}

/// <summary>
/// One fault: what, how long (<see cref="FaultKind.Kill"/>: no matter), to which node, in which step, where in it. A listed one waits for the
/// first time at or after its step that the node comes to that point.
/// </summary>
internal sealed record Fault(FaultKind Kind, string Node, long Step, ChaosPhase Phase, TimeSpan Time)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{ChaosPlan.NameOf(Kind)} {Node} step {Step} {ChaosPlan.NameOf(Phase)}{(Kind == FaultKind.Kill ? "" : $" {Time.TotalSeconds} s")}");
}

/// <summary>
/// Which faults happen: listed ones, drawn ones or both. What is drawn is a function of seed, node and step alone, so the same seed means the
/// same faults. A file of listed ones: <c>faults = [{ kind = kill, node = worker-1, step = 12, phase = before-sending }, …]</c>.
/// </summary>
internal sealed class ChaosPlan(IReadOnlyList<Fault> listed, long seed, double rate)
{
    private static readonly ChaosPhase[] WorkerPhases = [ChaosPhase.BeforeSending, ChaosPhase.WhileSending, ChaosPhase.AfterSending, ChaosPhase.AfterStep];
    private static readonly ChaosPhase[] ServerPhases = [ChaosPhase.BeforeCommit, ChaosPhase.BeforeAnnouncing];

    /// <summary>The one that a coordinator comes to in every step.</summary>
    private static readonly ChaosPhase[] CoordinatorPhases = [ChaosPhase.BeforeRecording];

    /// <summary>Reads a file of listed faults (none: null) and the settings of drawn ones.</summary>
    /// <param name="rate">The share of a node's steps that have a fault, 0 to 1.</param>
    /// <exception cref="BadInputException">Something in the file is wrong.</exception>
    public static ChaosPlan Read(string? file, long seed, double rate)
    {
        if (file is null)
            return new ChaosPlan([], seed, rate);
        string text;
        try
        {
            text = File.ReadAllText(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"--chaos {file}: can't be read: {exception.Message}", exception);
        }

        var name = Path.GetFileName(file);
        var root = SettingsSection.Root(name, HoconSettings.Parse(name, text, []));
        var faults = root.Sections("faults").Select(Read).ToArray();
        root.RejectUnknownKeys();
        return new ChaosPlan(faults, seed, rate);
    }

    /// <summary>The name in a plan's file: <c>before-sending</c>.</summary>
    public static string NameOf<T>(T value) where T : struct, Enum =>
        string.Concat(value.ToString().Select((letter, at) => at > 0 && char.IsUpper(letter) ? $"-{char.ToLowerInvariant(letter)}" : $"{char.ToLowerInvariant(letter)}"));

    /// <summary>The faults of a node at a point of a step.</summary>
    public IEnumerable<Fault> At(string node, ChaosPhase phase, long step) =>
        listed.Where(fault => fault.Node == node && fault.Step <= step && fault.Phase == phase)
            .Concat(Drawn(node, step) is { } drawn && drawn.Phase == phase ? [drawn] : []);

    /// <summary>The drawn fault of a node's step; null: none.</summary>
    public Fault? Drawn(string node, long step)
    {
        if (rate <= 0)
            return null;
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{seed} {node} {step}")));
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes) >= rate * uint.MaxValue)
            return null;
        var phases = node.StartsWith("server", StringComparison.Ordinal) ? ServerPhases
            : node.StartsWith("coordinator", StringComparison.Ordinal) ? CoordinatorPhases : WorkerPhases;
        var kind = (bytes[4] % 4) switch
        {
            0 or 1 => FaultKind.Kill,
            2 => FaultKind.Pause,
            _ => FaultKind.Delay,
        };
        return new Fault(kind, node, step, phases[bytes[5] % phases.Length], TimeSpan.FromMilliseconds(200 + (bytes[6] * 10)));
    }

    private static Fault Read(SettingsSection section)
    {
        var kind = One<FaultKind>(section, "kind");
        var fault = new Fault(
            kind, section.Text("node"), section.LongInteger("step", null, 0), One<ChaosPhase>(section, "phase"),
            kind == FaultKind.Kill ? TimeSpan.Zero : TimeSpan.FromSeconds(section.Number("seconds", null, 0.001, 3600)));
        section.RejectUnknownKeys();
        return fault;
    }

    private static T One<T>(SettingsSection section, string key) where T : struct, Enum
    {
        var values = Enum.GetValues<T>();
        var name = section.OneOf(key, null, [.. values.Select(NameOf)]);
        return Array.Find(values, value => NameOf(value) == name);
    }
}
