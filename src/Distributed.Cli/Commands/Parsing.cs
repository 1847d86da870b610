using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Distributed.Cli.Commands;

/// <summary>Values of options, with messages that say what was expected and what came.</summary>
internal static class Parsing
{
    /// <summary>An option for a whole number within bounds.</summary>
    public static Option<int?> WholeNumber(string name, string helpName, int min, int max, string description) => new(name)
    {
        HelpName = helpName,
        Description = description,
        CustomParser = result => Number(result, name, min, max),
    };

    /// <summary>An option for a number within bounds.</summary>
    public static Option<double?> Number(string name, string helpName, double min, double max, string description) => new(name)
    {
        HelpName = helpName,
        Description = description,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max) return value;
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name}: expected a number from {min} to {max}, got '{text}'"));
            return null;
        },
    };

    /// <summary>An option for text that must not be empty.</summary>
    public static Option<string?> Text(string name, string helpName, string description) => new(name)
    {
        HelpName = helpName,
        Description = description,
        CustomParser = result =>
        {
            var value = result.Tokens[0].Value;
            if (value.Length == 0) result.AddError($"{name}: expected {helpName}, got nothing");
            return value;
        },
    };

    /// <summary>An option for one of some words, the first of which is the default where there are several.</summary>
    public static Option<string?> OneOf(string name, string description, params string[] words)
    {
        var option = Text(name, string.Join('|', words), words.Length > 1 ? $"{description} (default: {words[0]})" : description);
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { Length: > 0 } word && !words.Contains(word))
                result.AddError($"{name}: expected {string.Join(" or ", words)}, got '{word}'");
        });
        return option;
    }

    /// <summary>An option that may be given several times; <paramref name="check"/> returns what a value should have been, or null.</summary>
    public static Option<string[]> Several(string name, string helpName, string description, Func<string, string?> check) => new(name)
    {
        HelpName = helpName,
        Description = description,
        Arity = ArgumentArity.OneOrMore,
        CustomParser = result =>
        {
            foreach (var token in result.Tokens)
                if (check(token.Value) is { } expected) result.AddError($"{name}: expected {expected}, got '{token.Value}'");
            return [.. result.Tokens.Select(token => token.Value)];
        },
    };

    /// <summary>The option for the cluster's settings: the same wherever a process becomes a node or talks to one.</summary>
    public static Option<string?> ClusterFile()
    {
        var option = Text("--config", "FILE", "settings of the cluster (default: the cluster.hocon beside the program)");
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { Length: > 0 } file && !File.Exists(file)) result.AddError($"--config {file}: no such file");
        });
        return option;
    }

    /// <summary>The option for the folder with training data: the same wherever a process becomes a node.</summary>
    public static Option<string?> DataFolder(string description)
    {
        var option = Text("--data", "DIR", description);
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { Length: > 0 } folder && !Directory.Exists(folder)) result.AddError($"--data {folder}: no such folder");
        });
        return option;
    }

    /// <summary>What an address should be, or null when it is one.</summary>
    public static string? CheckAddress(string value)
    {
        var colon = value.LastIndexOf(':');
        var good = colon > 0 && int.TryParse(value.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536;
        return good ? null : "HOST:PORT";
    }

    /// <summary>What a text should be, or null when there is one.</summary>
    public static string? CheckNotEmpty(string value) => value.Length > 0 ? null : "a name";

    /// <summary>What an assignment should be, or null when it is one.</summary>
    public static string? CheckAssignment(string value) => value.IndexOf('=') > 0 ? null : "path=value (such as optimizer.learning-rate=0.01)";

    /// <summary>The numbers of a list such as <c>0,1</c>; null where it is none.</summary>
    public static IReadOnlyList<int>? WholeNumbers(string list)
    {
        var numbers = new List<int>();
        foreach (var part in list.Split(','))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return null;
            numbers.Add(number);
        }

        return numbers;
    }

    private static int? Number(ArgumentResult result, string name, int min, int max)
    {
        var text = result.Tokens[0].Value;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max) return value;
        result.AddError($"{name}: expected a whole number from {min} to {max}, got '{text}'");
        return null;
    }
}
