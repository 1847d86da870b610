using System.Globalization;
using Distributed.Learning;

namespace Distributed.Cli.Commands;

/// <summary>The folder of a run.</summary>
internal static class RunFolder
{
    /// <summary>Creates the folder and proves that it can be written to.</summary>
    /// <param name="given">What <c>--out</c> says; null makes a new folder below <c>runs</c>.</param>
    /// <param name="job">The job's name.</param>
    /// <param name="now">The time that goes into the name of a new folder.</param>
    /// <returns>The folder's path as the user should see it: relative where it was given so.</returns>
    /// <exception cref="BadInputException">It can't be created or written to.</exception>
    public static string Prepare(string? given, string job, DateTime now)
    {
        var folder = given ?? New(Path.Combine("runs", $"{job}-{now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}"));
        try
        {
            Directory.CreateDirectory(folder);
            var probe = Path.Combine(folder, $".probe-{Environment.ProcessId}");
            File.Create(probe).Dispose();
            File.Delete(probe);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"--out {folder}: expected a folder that can be written to: {exception.Message}", exception);
        }

        return folder;
    }

    // Two runs that start within a second get two folders.
    private static string New(string wanted)
    {
        var folder = wanted;
        for (var number = 2; Directory.Exists(folder); number++) folder = $"{wanted}-{number}";
        return folder;
    }
}
