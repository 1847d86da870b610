using System.CommandLine;
using System.CommandLine.Parsing;
using Distributed.Learning;

namespace Distributed.Cli;

/// <summary>What is printed about the command line itself.</summary>
internal static class UsageText
{
    /// <summary>Whether a word was meant to be an option.</summary>
    public static bool LooksLikeOption(string word) => word.Length > 1 && word[0] == '-';

    /// <summary>One line for a command line that can't be run: what is wrong, what may have been meant, where the help is.</summary>
    public static string Error(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        return $"trainer: {Message(parsed, command)} (see '{Path(parsed.CommandResult)} --help')";
    }

    private static string Path(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{Path(parent)} {result.Command.Name}" : "trainer";

    private static string Message(ParseResult parsed, Command command)
    {
        // A word nobody knows comes first: what else is missing mostly follows from it.
        // The library takes an unknown option for a command's free argument where there is one.
        var unknown = parsed.CommandResult.Tokens.Select(token => token.Value).FirstOrDefault(LooksLikeOption) ?? parsed.UnmatchedTokens.FirstOrDefault();
        if (unknown is not null)
        {
            var option = LooksLikeOption(unknown);
            var known = option
                ? parsed.RootCommandResult.Command.Options.Concat(command.Options).Select(candidate => candidate.Name)
                : command.Subcommands.Select(candidate => candidate.Name);
            return $"unknown {(option ? "option" : command.Subcommands.Count > 0 ? "command" : "argument")} '{unknown}'"
                + NearestName.Hint(unknown, known);
        }

        if (command.Subcommands.Count > 0) return $"expected a command: {string.Join(", ", command.Subcommands.Select(candidate => candidate.Name))}";
        return parsed.Errors[0].Message.TrimEnd('.');
    }
}
