using System.Net;
using System.Net.Sockets;
using Distributed.Cli.Processes;
using Distributed.Learning;

namespace Distributed.Cli.Tests.Processes;

public class PortProbeTests
{
    [Fact]
    public void A_free_port_passes_and_stays_free()
    {
        PortProbe.Check("127.0.0.1", 0);
        var port = FreePort();
        PortProbe.Check("localhost", port);
        PortProbe.Check("127.0.0.1", port);
    }

    [Fact]
    public void A_busy_port_is_bad_input()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        Assert.Equal(
            $"port {port} on 127.0.0.1 is in use", Assert.Throws<BadInputException>(() => PortProbe.Check("127.0.0.1", port)).Message);
    }

    [Fact]
    public void An_address_of_another_machine_is_bad_input() => Assert.Equal(
        "--host 192.0.2.1: no network interface of this machine has that address",
        Assert.Throws<BadInputException>(() => PortProbe.Check("192.0.2.1", 0)).Message);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
