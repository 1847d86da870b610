using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Distributed.Cli.Processes;
using Distributed.Cluster.Coordination;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring.Metrics;
using Distributed.Cluster.Protocol;

namespace Distributed.Cli.Tests.Processes;

public sealed class TelemetryTests
{
    [Fact]
    public void Without_a_collector_in_the_environment_nothing_is_sent() => Assert.Null(Telemetry.Export("w-1"));

    [Fact]
    public async Task Metrics_and_traces_go_to_the_collector_that_the_environment_names()
    {
        using var collector = new Collector();
        // No other test of this program reads these.
        using var endpoint = new Variable(Telemetry.EndpointVariable, collector.Address);
        using var protocol = new Variable("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
        using (Telemetry.Export("w-1"))
        {
            using var meters = new NodeMeters("w-1", ["worker"]);
            meters.Step(new ProgressMessages.StepReport(1, [], 2, 1, 0.1, 1));
            new JobTrace(new JobEntry(Guid.NewGuid(), "traced-job", 1, 1, "runs/x", DateTimeOffset.UtcNow)).End(JobStatus.Completed, null);
        }

        var (metrics, traces) = (await collector.NextAsync("/v1/metrics"), await collector.NextAsync("/v1/traces"));
        Assert.Contains("trainer.step.duration", metrics, StringComparison.Ordinal);
        Assert.Contains("service.instance.id", metrics, StringComparison.Ordinal);
        Assert.Contains("traced-job", traces, StringComparison.Ordinal);
    }

    private sealed class Variable : IDisposable
    {
        private readonly string name;
        private readonly string? before;

        public Variable(string name, string value)
        {
            this.name = name;
            before = Environment.GetEnvironmentVariable(name);
            Environment.SetEnvironmentVariable(name, value);
        }

        public void Dispose() => Environment.SetEnvironmentVariable(name, before);
    }

    /// <summary>Takes what is posted to it over HTTP/1.1 and answers that all is well.</summary>
    private sealed class Collector : IDisposable
    {
        private readonly HttpListener listener = new();
        private readonly ConcurrentDictionary<string, TaskCompletionSource<string>> posted = new();

        public Collector()
        {
            using (var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
            {
                probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
                Address = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndPoint!).Port}/";
            }

            listener.Prefixes.Add(Address);
            listener.Start();
            _ = ServeAsync();
        }

        public string Address { get; }

        public Task<string> NextAsync(string path) => Of(path).Task.WaitAsync(TimeSpan.FromSeconds(60));

        public void Dispose() => listener.Close();

        private TaskCompletionSource<string> Of(string path) =>
            posted.GetOrAdd(path, _ => new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously));

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    var context = await listener.GetContextAsync();
                    using var body = new MemoryStream();
                    await context.Request.InputStream.CopyToAsync(body);
                    Of(context.Request.Url!.AbsolutePath).TrySetResult(Encoding.Latin1.GetString(body.ToArray()));
                    context.Response.ContentType = "application/x-protobuf";
                    context.Response.Close();
                }
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
            {
                // Closed.
            }
        }
    }
}
