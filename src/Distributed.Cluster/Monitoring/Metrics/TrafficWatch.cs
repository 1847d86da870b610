namespace Distributed.Cluster.Monitoring.Metrics;

/// <summary>Now and then says what goes over a server's links. Not thread-safe.</summary>
/// <param name="clock">Measures rates; null for the system's.</param>
internal sealed class TrafficWatch(TimeProvider? clock = null)
{
    /// <summary>How often.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly TimeProvider clock = clock ?? TimeProvider.System;
    private readonly Dictionary<string, long> seen = [];
    private long? since;

    /// <summary>The TCP links that carried something since the last time, with the rate both ways in bytes a second; none before it is time.</summary>
    public IReadOnlyList<(LinkFigures Link, double Rate)> Next(ServerFigures? server)
    {
        if (server is null)
        {
            seen.Clear();
            since = null;
            return [];
        }

        if (since is not { } from)
        {
            since = clock.GetTimestamp();
            return [];
        }

        var passed = clock.GetElapsedTime(from);
        if (passed < Interval)
            return [];
        since = clock.GetTimestamp();
        var moved = new List<(LinkFigures, double)>();
        // A peer that linked again counts from zero.
        foreach (var link in server.Links.Where(link => link.Kind == "tcp"))
        {
            var total = link.BytesSent + link.BytesReceived;
            var before = seen.GetValueOrDefault(link.Peer);
            seen[link.Peer] = total;
            if (total != before)
                moved.Add((link, Math.Round((total >= before ? total - before : total) / passed.TotalSeconds)));
        }

        return moved;
    }
}
