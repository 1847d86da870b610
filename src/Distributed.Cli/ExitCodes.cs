using System.Reflection;
using Distributed.Learning;

namespace Distributed.Cli;

/// <summary>The program's exit codes, and the one place where an exception becomes one of them and a line on standard error.</summary>
internal static class ExitCodes
{
    /// <summary>All was done.</summary>
    public const int Done = 0;

    /// <summary>Something failed while the work was under way.</summary>
    public const int Failed = 1;

    /// <summary>The command line, a file or a value in it is wrong; nothing was begun.</summary>
    public const int BadInput = 2;

    /// <summary>A signal ended it.</summary>
    public const int Interrupted = 130;

    /// <summary>Set to anything but <c>0</c>, it does what <c>--verbose</c> does.</summary>
    public const string VerboseVariable = "TRAINER_VERBOSE";

    /// <summary>The code for an exception that ended a command. Prints its root cause on one line, and the stack only when asked to.</summary>
    public static int Report(Exception exception, bool interrupted, bool verbose, TextWriter error)
    {
        if (interrupted && exception is OperationCanceledException) return Interrupted;
        var cause = RootCause(exception);
        error.WriteLine(Line(Describe(cause)));
        if (verbose && cause is not BadInputException) error.WriteLine(exception);
        return cause is BadInputException ? BadInput : Failed;
    }

    /// <summary>The line that tells the user of a failure: the program's name, then the message with its line ends taken out.</summary>
    public static string Line(string message) =>
        "trainer: " + string.Join(' ', message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    /// <summary>The exception that says most: bad input where there is some on the way down, else the innermost one.</summary>
    public static Exception RootCause(Exception exception)
    {
        var cause = exception;
        while (cause is not BadInputException)
        {
            // A task that several things broke: the first is what the others follow from.
            var inner = cause is AggregateException or TargetInvocationException or TypeInitializationException || HasOnlyAWrapper(cause)
                ? cause.InnerException
                : null;
            if (inner is null) break;
            cause = inner;
        }

        return cause;
    }

    private static bool HasOnlyAWrapper(Exception exception) =>
        exception.InnerException is { } inner && (inner is BadInputException || exception.Message.Contains("inner exception", StringComparison.OrdinalIgnoreCase));

    // A message such as "Index was outside the bounds of the array." says nothing without its type.
    private static string Describe(Exception cause) => cause switch
    {
        BadInputException or IOException or UnauthorizedAccessException or TimeoutException => cause.Message,
        _ when cause.GetType().Namespace?.StartsWith("Distributed", StringComparison.Ordinal) == true => cause.Message,
        _ => $"{cause.GetType().Name}: {cause.Message}",
    };
}
