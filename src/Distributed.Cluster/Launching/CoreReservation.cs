using System.Globalization;
using System.Net.Sockets;

namespace Distributed.Cluster.Launching;

/// <summary>
/// Cores of this machine that the workers of one run keep to themselves. Workers of a step wait for each other, and the system often puts
/// two that wake up together on one core while another idles: a small step then takes a third longer. Runs at the same time must not
/// pick the same cores, so a core is reserved by a local socket with an abstract name, which the system frees however the process ends.
/// </summary>
internal sealed class CoreReservation : IDisposable
{
    private readonly List<(int Core, Socket Holder)> held = [];

    /// <summary>Reserves that many cores, or none at all where fewer are free.</summary>
    public static CoreReservation Of(int cores)
    {
        var reservation = new CoreReservation();
        if (!OperatingSystem.IsLinux()) return reservation;
        foreach (var core in Allowed(File.ReadAllLines("/proc/self/status")))
        {
            if (reservation.held.Count == cores) break;
            if (Hold(core) is { } holder) reservation.held.Add((core, holder));
        }

        if (reservation.held.Count < cores) reservation.Dispose();
        return reservation;
    }

    /// <summary>The cores of one of the workers.</summary>
    /// <param name="worker">The worker, counted from 0.</param>
    /// <param name="threads">Cores a worker.</param>
    /// <returns>As many cores as threads; none where nothing was reserved.</returns>
    public IReadOnlyList<int> Of(int worker, int threads) => [.. held.Skip(worker * threads).Take(threads).Select(entry => entry.Core)];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, holder) in held) holder.Dispose();
        held.Clear();
    }

    /// <summary>The cores that this process may use: the system's list looks like <c>0-3,8</c>.</summary>
    internal static IEnumerable<int> Allowed(IEnumerable<string> status)
    {
        const string key = "Cpus_allowed_list:";
        var list = status.FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?[key.Length..].Trim() ?? "";
        foreach (var range in list.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = range.Split('-');
            var first = int.Parse(ends[0], CultureInfo.InvariantCulture);
            for (var core = first; core <= int.Parse(ends[^1], CultureInfo.InvariantCulture); core++) yield return core;
        }
    }

    private static Socket? Hold(int core)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint($"\0distributed-trainer-core-{core}"));
            return socket;
        }
        catch (SocketException)
        {
            // Another run has it.
            socket.Dispose();
            return null;
        }
    }
}
