using System.CommandLine;
using System.Globalization;
using Distributed.Learning;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer data cache</c>: what is kept of decoded data, and removing it.</summary>
internal static class DataCacheCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples = ["trainer data cache --clear                     removes decoded data that is kept for later starts"];

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("cache", "Says where decoded data is kept and how much of it, and removes it.");
        var clear = new Option<bool>("--clear") { Description = "removes it; running jobs keep what they have" };
        command.Add(clear);
        command.SetAction(parsed => Run(session, parsed.GetValue(clear)));
        return command;
    }

    private static int Run(Session session, bool clear)
    {
        var output = session.Terminal.Out;
        if (DataCache.OfUser(output.WriteLine) is not { } cache)
        {
            output.WriteLine("decoded data is not kept (TRAINER_CACHE=off, or there is no home folder)");
            return ExitCodes.Done;
        }
        if (clear) output.WriteLine($"{cache.Location}: {cache.Clear()} files removed");
        else
        {
            var (files, bytes) = cache.Size();
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{cache.Location}: {files} files, {bytes / 1e6:F1} MB of at most {cache.MostBytes / 1e6:F0} MB"));
        }
        return ExitCodes.Done;
    }
}
