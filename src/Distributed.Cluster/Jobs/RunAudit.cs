using Distributed.Cluster.Ledgers;
using Distributed.Learning;

namespace Distributed.Cluster.Jobs;

/// <summary>Audits the ledger of a run.</summary>
internal static class RunAudit
{
    /// <summary>Counts the samples of every epoch; of a run that says it is complete, those of all its steps.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <exception cref="BadInputException">It is none, or its ledger can't be read.</exception>
    public static LedgerAudit Of(string folder)
    {
        var summary = RunState.Of(folder);
        return LedgerAudit.Of(folder, summary is { Completed: true, StoppedEarly: false } ? summary.Steps : null);
    }
}
