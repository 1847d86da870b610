using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Distributed.Cli.Benchmarks.Limits;

/// <summary>Times what two threads do with each other.</summary>
internal static class TwoThreads
{
    /// <summary>Runs <paramref name="far"/> on a thread of its own and <paramref name="near"/> on this one; the time until both have ended.</summary>
    public static TimeSpan Run(Action near, Action far)
    {
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                far();
            }
            catch (Exception exception)
            {
                // The top of the thread: the caller throws it.
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        })
        { Name = "bench far end", IsBackground = true };
        var since = Stopwatch.GetTimestamp();
        thread.Start();
        near();
        thread.Join();
        failure?.Throw();
        return Stopwatch.GetElapsedTime(since);
    }
}
