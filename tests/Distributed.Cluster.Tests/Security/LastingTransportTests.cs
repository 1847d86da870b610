using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Actor.Setup;
using Distributed.Cluster.Configuration;
using Distributed.Cluster.Nodes;
using Distributed.Cluster.Security;
using Distributed.Learning;
using Distributed.Transport.Tests;

namespace Distributed.Cluster.Tests.Security;

public sealed class LastingTransportTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TestCertificates certificates = new();

    public void Dispose() => certificates.Dispose();

    [Fact]
    public async Task A_peer_that_dies_in_the_middle_of_its_handshake_is_called_again_and_takes_nobody_along()
    {
        // It takes connections, and is gone before it has said a word.
        using var peer = new TcpListener(IPAddress.Loopback, 0);
        peer.Start();
        var config = ClusterConfig.Load(null, "127.0.0.1", 0, security: new SecurityOptions(certificates.Issue("worker")));
        using var certificate = config.Certificate;
        var system = ActorSystem.Create(ClusterConfig.SystemName, ClusterTls.With(
            ActorSystemSetup.Create(BootstrapSetup.Create().WithConfig(LastingTransport.Over(config.Akka))), certificate, (_, _) => { }));
        using var deadline = new CancellationTokenSource(Patience);
        try
        {
            var lost = system.ActorSelection($"akka.ssl.tcp://{ClusterConfig.SystemName}@{peer.LocalEndpoint}/user/nobody");
            for (var call = 0; call < 3; call++)
            {
                var dialled = peer.AcceptTcpClientAsync(deadline.Token).AsTask();
                while (!dialled.IsCompleted)
                {
                    lost.Tell("are you there?");
                    await Task.WhenAny(dialled, Task.Delay(100));
                }

                (await dialled).Dispose();
            }

            Assert.Null(CoordinatedShutdown.Get(system).ShutdownReason);
        }
        finally
        {
            await system.Terminate().WaitAsync(Patience);
        }
    }

    [Fact]
    public async Task A_client_calls_again_and_tells_who_never_gets_through_a_handshake()
    {
        using var peer = new TcpListener(IPAddress.Loopback, 0);
        peer.Start();
        using var deadline = new CancellationTokenSource(Patience);
        var seed = peer.LocalEndpoint.ToString()!;
        var connecting = ClusterClient.ConnectAsync([seed], null, deadline.Token, new SecurityOptions(certificates.Issue("client")));
        for (var call = 0; call < 2; call++)
            (await peer.AcceptTcpClientAsync(deadline.Token)).Dispose();
        peer.Stop();

        var problem = await Assert.ThrowsAsync<BadInputException>(() => connecting);
        Assert.Equal($"--seed {seed}: no node of a cluster answers there and speaks TLS", problem.Message);
    }
}
