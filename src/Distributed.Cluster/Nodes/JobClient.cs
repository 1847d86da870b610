using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Distributed.Cluster.Configuration;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Learning;

namespace Distributed.Cluster.Nodes;

/// <summary>Submits jobs to a cluster, and ends them, from outside of it.</summary>
internal static class JobClient
{
    private static readonly TimeSpan Contact = TimeSpan.FromSeconds(20);

    /// <summary>Submits the job to the node at <paramref name="seed"/> and follows it to its end.</summary>
    /// <param name="outFolder">The run's folder on the coordinator's machine; null: the coordinator chooses one.</param>
    /// <param name="checkpoint">The folder, there, of the checkpoint that the run goes on from; null: it begins.</param>
    /// <exception cref="BadInputException">No node answers there.</exception>
    public static Task<JobOutcome> SubmitAsync(
        string seed, Job job, string? configFile, Action<RunProgress> progress, CancellationToken interrupt, string? outFolder = null,
        string? checkpoint = null) => AtNodeAsync(seed, configFile, interrupt, async (system, gateway) =>
        {
            var outcome = new TaskCompletionSource<JobOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
            var submitter = system.ActorOf(SubmitterActor.Props(gateway, job.Name, job.Text, outFolder, progress, outcome, checkpoint));
            await using var asked = interrupt.Register(() => submitter.Tell(SubmitterActor.Interrupt.Instance));
            return await outcome.Task;
        });

    /// <summary>Has the job that runs in a cluster end with a checkpoint, and waits until it has.</summary>
    /// <param name="stopping">Hears the job's name once it was asked to end.</param>
    /// <returns>The run's folder on the coordinator's machine.</returns>
    /// <exception cref="BadInputException">No node answers there, or no job runs.</exception>
    /// <exception cref="TimeoutException">The coordinator says nothing any more.</exception>
    public static Task<string> StopAsync(string seed, string? configFile, Action<string> stopping, CancellationToken interrupt) =>
        AtNodeAsync(seed, configFile, interrupt, async (system, gateway) =>
        {
            var folder = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            system.ActorOf(StopperActor.Props(gateway, stopping, folder));
            return await folder.Task.WaitAsync(interrupt);
        });

    private static async Task<T> AtNodeAsync<T>(
        string seed, string? configFile, CancellationToken interrupt, Func<ActorSystem, IActorRef, Task<T>> work)
    {
        var address = ClusterConfig.SeedAddress(seed);
        var config = ClusterConfig.Load(configFile, AddressTowards(seed), 0);
        using var log = new EventLog("client", "client", Microsoft.Extensions.Logging.LogLevel.Warning, static _ => { });
        var remote = ConfigurationFactory.ParseString("akka.actor.provider = remote").WithFallback(config.Akka);
        using var system = ActorSystem.Create(
            "client", ActorSystemSetup.Create(BootstrapSetup.Create().WithConfig(remote), new AkkaLogSetup(log.Logger)));
        try
        {
            IActorRef gateway;
            try
            {
                gateway = await system.ActorSelection($"{address}/user/{NodeActor.Name}").ResolveOne(Contact, interrupt);
            }
            catch (ActorNotFoundException exception)
            {
                throw new BadInputException($"--seed {seed}: no node of a cluster answers there", exception);
            }

            return await work(system, gateway);
        }
        finally
        {
            await system.Terminate();
        }
    }

    /// <summary>The address of this machine that the seed's machine can answer to: the one that packets to it would leave from.</summary>
    private static string AddressTowards(string seed)
    {
        var colon = seed.LastIndexOf(':');
        try
        {
            using var socket = new Socket(SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(seed[..colon], int.Parse(seed.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture));
            var local = ((IPEndPoint)socket.LocalEndPoint!).Address;
            return (local.IsIPv4MappedToIPv6 ? local.MapToIPv4() : local).ToString();
        }
        catch (SocketException exception)
        {
            throw new BadInputException($"--seed {seed}: {exception.Message}", exception);
        }
    }
}
