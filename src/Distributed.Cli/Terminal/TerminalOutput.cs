namespace Distributed.Cli.Terminal;

/// <summary>Where the program prints.</summary>
/// <param name="Out">Results and progress.</param>
/// <param name="Error">Why something failed.</param>
/// <param name="Interactive">Whether <paramref name="Out"/> is a terminal that a moving display can be drawn on.</param>
internal sealed record TerminalOutput(TextWriter Out, TextWriter Error, bool Interactive)
{
    /// <summary>Whether lines may be coloured: a terminal reads them, and its user does not say otherwise (https://no-color.org).</summary>
    public bool Colours => Interactive && Environment.GetEnvironmentVariable("NO_COLOR") is null or "";

    /// <summary>Columns and rows of the process's own terminal; 80 by 24 of one that does not say, as a container's does at first.</summary>
    public static (int Width, int Height) Size => Console.WindowWidth > 0 && Console.WindowHeight > 0 ? (Console.WindowWidth, Console.WindowHeight) : (80, 24);

    /// <summary>The process's own output streams.</summary>
    public static TerminalOutput FromConsole() => new(
        Console.Out,
        Console.Error,
        !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb"));
}
