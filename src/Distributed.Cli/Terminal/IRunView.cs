using Distributed.Cluster.Monitoring;

namespace Distributed.Cli.Terminal;

/// <summary>Shows a run while it goes on. Members may be called from any thread; none of them throws, whatever becomes of the terminal.</summary>
internal interface IRunView : IDisposable
{
    /// <summary>Takes the newest snapshot.</summary>
    void Show(RunProgress progress);

    /// <summary>Prints one line that stays.</summary>
    void Notice(string line);
}
