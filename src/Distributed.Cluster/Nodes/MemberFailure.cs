using Distributed.Cluster.Protocol;
using Distributed.Cluster.Workers;
using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cluster.Nodes;

/// <summary>Turns what a member's thread threw into what its coordinator needs: one line, and how likely it is the cause.</summary>
internal static class MemberFailure
{
    /// <param name="term">Of the leases under which it happened; 0: it has to do with none.</param>
    /// <param name="canGoOn">Whether the member can take part under a higher term.</param>
    public static TrainingMessages.MemberFailed Describe(Guid job, string node, Exception exception, long term = 0, bool canGoOn = false)
    {
        var rank = exception switch
        {
            LinkException => TrainingMessages.CauseRank.LinkLost,
            TimeoutException => TrainingMessages.CauseRank.TimedOut,
            NotFiniteException { IsCause: false } => TrainingMessages.CauseRank.Consequence,
            _ => TrainingMessages.CauseRank.Own,
        };
        return new TrainingMessages.MemberFailed(
            job, node, rank, FirstLine(exception.Message), exception.ToString(), exception is BadInputException, term, canGoOn);
    }

    private static string FirstLine(string text)
    {
        var line = text.AsSpan().Trim();
        var end = line.IndexOfAny('\r', '\n');
        return (end < 0 ? line : line[..end]).ToString();
    }
}
