namespace Distributed.EndToEnd.Tests;

/// <summary>A unit of systemd, read as far as a command line goes.</summary>
/// <param name="name">The file below <c>deploy/systemd</c>.</param>
internal sealed class Unit(string name)
{
    private readonly string[] lines = [.. File.ReadAllLines(Deploy.At("systemd", name)).Where(line => line.Length > 0 && line[0] is not ('#' or ';'))];

    /// <summary>The values of a key.</summary>
    public IEnumerable<string> this[string key] => lines.Where(line => line.StartsWith(key + "=", StringComparison.Ordinal)).Select(line => line[(key.Length + 1)..]);

    /// <summary>The assignments of a file of environment variables.</summary>
    public static Dictionary<string, string> ReadEnvironment(string file) => File.ReadLines(file).Where(line => line.Length > 0 && line[0] != '#')
        .Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);

    /// <summary>The words of its command: <c>${NAME}</c> within one, <c>$NAME</c> becomes as many as it has, <c>%H</c> and <c>%i</c> are machine and instance.</summary>
    public IEnumerable<string> Command(string machine, string instance, IReadOnlyDictionary<string, string> environment)
    {
        foreach (var word in Assert.Single(this["ExecStart"]).Split(' '))
        {
            if (word.StartsWith('$') && !word.StartsWith("${", StringComparison.Ordinal))
            {
                foreach (var part in environment[word[1..]].Split(' ', StringSplitOptions.RemoveEmptyEntries)) yield return part;
                continue;
            }

            yield return environment.Aggregate(word, (text, variable) => text.Replace($"${{{variable.Key}}}", variable.Value, StringComparison.Ordinal))
                .Replace("%H", machine, StringComparison.Ordinal).Replace("%i", instance, StringComparison.Ordinal);
        }
    }
}
