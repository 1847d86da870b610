namespace Distributed.Cli.Benchmarks.Simulation;

/// <summary>
/// Plays steps event by event. Every host has a link whose two directions work at the same time; a switch without limits lies between them, so a
/// message takes the sender's way out and, a latency later, the receiver's way in, each for as long as its bytes need. Workers compute shard by shard:
/// forward as weights come, backward from the last to the first. Servers update a shard once all its gradients are in and send weights in the
/// order of the flat vector, as the program does.
/// </summary>
internal sealed class ExchangeSimulation
{
    // Workers' links and servers' are not the same: gradients do not wait behind weights.
    private const int Gradients = 0;
    private const int Weights = 1;

    private readonly ExchangeScenario of;
    private readonly PriorityQueue<Action, (double Time, long Order)> events = new();
    private readonly WayOut[] outward;
    private readonly Station[] inward;
    private readonly Station[] summing;
    private readonly Station[] updating;
    private readonly int[] gradientsIn;
    private readonly int[] nextSent;
    private readonly bool[] updated;
    private readonly int[][] weightsIn;
    private readonly int[] nextForward;
    private readonly double[] forwardAt;
    private readonly List<double> forwardEnds = [];
    private readonly int steps;
    private readonly int expected;
    private int hostsForward;
    private double now;
    private long order;

    private ExchangeSimulation(ExchangeScenario of, int steps)
    {
        this.of = of;
        this.steps = steps;
        expected = (of.Others * of.Copies) + (of.Placement == Placement.OneServer ? 0 : of.WorkersAHost);
        outward = [.. Enumerable.Range(0, Places).Select(place => new WayOut(2 * Places, 2 * place))];
        inward = Stations(Places);
        summing = Stations(of.Hosts);
        updating = Stations(of.Servers);
        gradientsIn = new int[of.Shards];
        updated = new bool[of.Shards];
        nextSent = [.. Enumerable.Range(0, of.Servers)];
        weightsIn = [.. Enumerable.Range(0, of.Hosts).Select(_ => new int[of.Shards])];
        nextForward = new int[of.Hosts];
        forwardAt = new double[of.Hosts];
    }

    // The one server has a host of its own behind the others.
    private int Places => of.Hosts + (of.Placement == Placement.OneServer ? 1 : 0);

    private int CopiesAt(int host, int server) => PlaceOf(server) == host ? of.WorkersAHost : of.Copies;

    /// <summary>Seconds of a step once steps follow each other.</summary>
    /// <param name="of">What is played.</param>
    /// <param name="steps">How many steps: the last one counts.</param>
    public static double Step(ExchangeScenario of, int steps = 4)
    {
        var simulation = new ExchangeSimulation(of, steps);
        for (var host = 0; host < of.Hosts; host++) simulation.BeginBackward(host, 0);
        while (simulation.events.TryDequeue(out var happens, out var at))
        {
            simulation.now = at.Time;
            happens();
        }

        return simulation.forwardEnds[^1] - simulation.forwardEnds[^2];
    }

    private static Station[] Stations(int count) => [.. Enumerable.Range(0, count).Select(_ => new Station())];

    private int ServerOf(int shard) => shard % of.Servers;

    private int PlaceOf(int server) => of.Placement == Placement.OneServer ? of.Hosts : server;

    private void At(double time, Action happens) => events.Enqueue(happens, (time, order++));

    private void BeginBackward(int host, double at)
    {
        for (var shard = of.Shards - 1; shard >= 0; shard--)
        {
            var ready = shard;
            At(at + (of.Backward * (of.Shards - shard) / of.Shards), () => Send(host, ready));
        }
    }

    private void Send(int host, int shard)
    {
        var server = ServerOf(shard);
        if (PlaceOf(server) == host)
        {
            Arrived(shard, of.WorkersAHost);
            return;
        }

        var summed = summing[host].Serve(now, of.HostSum) + of.HostSum;
        At(summed, () => Transfer(host, PlaceOf(server), Gradients, of.Copies, () => Arrived(shard, 1)));
    }

    private void Transfer(int from, int to, int link, int copies, Action arrives)
    {
        for (var copy = 0; copy < copies; copy++)
            outward[from].Add((2 * to) + link, () => At(now + of.Latency, () =>
            {
                var enters = inward[to].Serve(now, of.ShardTransfer);
                At(enters + of.ShardTransfer, arrives);
            }));
        if (!outward[from].Busy) Leave(from);
    }

    private void Leave(int from)
    {
        if (outward[from].Next() is not { } leaves) return;
        leaves();
        At(now + of.ShardTransfer, () => Leave(from));
    }

    private void Arrived(int shard, int pieces)
    {
        gradientsIn[shard] += pieces;
        var server = ServerOf(shard);
        if (gradientsIn[shard] < expected) return;
        gradientsIn[shard] = 0;
        var begins = updating[server].Serve(now, of.Update);
        At(begins + of.Update, () => Updated(shard));
    }

    private void Updated(int shard)
    {
        updated[shard] = true;
        var server = ServerOf(shard);
        while (updated[nextSent[server]])
        {
            var sent = nextSent[server];
            updated[sent] = false;
            for (var host = 0; host < of.Hosts; host++)
            {
                var to = host;
                if (PlaceOf(server) == to) At(now, () => WeightsArrived(to, sent, of.WorkersAHost));
                else Transfer(PlaceOf(server), to, Weights, of.Copies, () => WeightsArrived(to, sent, 1));
            }

            nextSent[server] = sent + of.Servers < of.Shards ? sent + of.Servers : server;
        }
    }

    private void WeightsArrived(int host, int shard, int copies)
    {
        weightsIn[host][shard] += copies;
        Forward(host);
    }

    // Layer by layer, as far as the weights are there.
    private void Forward(int host)
    {
        while (nextForward[host] < of.Shards && weightsIn[host][nextForward[host]] >= CopiesAt(host, ServerOf(nextForward[host])))
        {
            forwardAt[host] = Math.Max(now, forwardAt[host]) + (of.Forward / of.Shards);
            weightsIn[host][nextForward[host]++] = 0;
        }

        if (nextForward[host] < of.Shards) return;
        nextForward[host] = 0;
        var ends = forwardAt[host];
        if (++hostsForward == of.Hosts)
        {
            hostsForward = 0;
            forwardEnds.Add(ends);
        }

        if (forwardEnds.Count < steps) BeginBackward(host, ends);
    }
}
