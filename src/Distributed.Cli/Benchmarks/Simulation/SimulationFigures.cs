namespace Distributed.Cli.Benchmarks.Simulation;

/// <summary>A row: a number of workers with one placement of the shards.</summary>
/// <param name="Step">Milliseconds of a step as the simulation plays it.</param>
/// <param name="Formula">As <see cref="CostModel"/> tells it.</param>
/// <param name="LinkBytes">Bytes that the busiest link carries in each direction a step.</param>
/// <param name="Efficiency">What compute alone would take, to the step.</param>
internal sealed record SimulationFigures(
    int Workers, int Hosts, string Placement, double Step, double Formula, double LinkBytes, double Efficiency)
{
    /// <summary>Plays a scenario.</summary>
    public static SimulationFigures Of(ExchangeScenario of)
    {
        var step = ExchangeSimulation.Step(of);
        return new SimulationFigures(
            of.Hosts * of.WorkersAHost, of.Hosts, NameOf(of.Placement), step * 1000, CostModel.Step(of) * 1000, 2 * of.LinkBytes,
            (of.Forward + of.Backward) / step);
    }

    /// <summary>For people.</summary>
    public static string NameOf(Placement placement) => placement switch
    {
        Simulation.Placement.OneServer => "one server",
        Simulation.Placement.CoLocated => "a server a host",
        _ => "a server a host, summed on hosts",
    };
}
