using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Distributed.Cluster.Coordination;
using Distributed.Cluster.Jobs;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Monitoring.Metrics;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Tests.Nodes;

namespace Distributed.Cluster.Tests.Monitoring.Metrics;

/// <summary>A node's metrics, its page for Prometheus, its health.</summary>
public sealed partial class MetricsTests : IDisposable
{
    private static readonly JobEntry Job = new(Guid.NewGuid(), "odd \"job\"\\\n", 1, 1, "runs/tiny", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);

    private readonly NodeMeters meters = new("worker-1", ["worker", "server"]);

    public void Dispose() => meters.Dispose();

    [Fact]
    public void The_page_keeps_the_rules_of_the_text_format_and_has_what_was_measured()
    {
        using var text = new MetricsPage(meters, "worker-1");
        using var other = new NodeMeters("worker-2", ["worker"]);
        other.Step(Report(0.1));
        meters.Step(Report(4));
        meters.Step(Report(40_000));
        meters.Step(Report(4.5));
        meters.Event("warning");
        meters.Serve(() => new ServerFigures(2, 17, 4096, 1, [new("w", "tcp", 5, 7), new("w", "tcp", 1, 1), new("v", "shared-memory", 1, 2)]));
        meters.Coordinate(Status(0.25));
        var page = new PrometheusPage(text.Text());
        Assert.Equal(("counter", 3), (page.Types["trainer_steps_total"], page["trainer_steps_total"]));
        Assert.Equal(30, page["trainer_samples_total"]);
        Assert.Equal("histogram", page.Types["trainer_step_duration_seconds"]);
        Assert.Equal((3, 40.0085), (page["trainer_step_duration_seconds_count"], Math.Round(page["trainer_step_duration_seconds_sum"], 6)));
        Assert.Equal(2, page.Samples["trainer_step_duration_seconds_bucket{le=\"0.005\",node=\"worker-1\"}"]);
        Assert.Equal(2, page.Samples["trainer_step_duration_seconds_bucket{le=\"30\",node=\"worker-1\"}"]);
        Assert.Equal(3, page.Samples["trainer_step_duration_seconds_bucket{le=\"+Inf\",node=\"worker-1\"}"]);
        Assert.Equal(("gauge", 17), (page.Types["trainer_server_version"], page["trainer_server_version"]));
        Assert.Equal(4096, page["trainer_server_weights_bytes"]);
        Assert.Equal(6, page.Samples["trainer_link_sent_bytes_total{kind=\"tcp\",node=\"worker-1\",peer=\"w\"}"]);
        Assert.Equal(0.25, page.Samples["trainer_job_loss{job=\"odd \\\"job\\\"\\\\\\n\",node=\"worker-1\"}"]);
        Assert.Equal(1, page.Samples["trainer_events_total{level=\"warning\",node=\"worker-1\"}"]);
        Assert.True(page["dotnet_process_memory_working_set_bytes"] > 1e6);
        Assert.DoesNotContain(page.Samples.Keys, key => key.Contains("worker-2", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_not_there_any_more_is_not_told()
    {
        using var text = new MetricsPage(meters, "worker-1");
        Func<ServerFigures> figures = () => new ServerFigures(2, 17, 4096, 1, []);
        meters.Serve(figures);
        meters.Coordinate(Status(double.NaN));
        Assert.True(double.IsNaN(new PrometheusPage(text.Text())["trainer_job_loss"]));
        meters.Stop(figures);
        meters.StopCoordinating();
        var page = new PrometheusPage(text.Text());
        Assert.DoesNotContain("trainer_server_version", page.Types.Keys);
        Assert.DoesNotContain("trainer_job_loss", page.Types.Keys);
    }

    [Theory]
    [InlineData("a 1", "the last line must end with a line feed")]
    [InlineData("a 1\na 2\n", "a sample twice: a 2")]
    [InlineData("a 1\nb 1\na{x=\"1\"} 2\n", "the lines of a are not together: a{x=\"1\"} 2")]
    [InlineData("a 1\n# TYPE a gauge\n", "TYPE after a sample: # TYPE a gauge")]
    [InlineData("a{x=\"\\t\"} 1\n", "labels not well formed: a{x=\"\\t\"} 1")]
    [InlineData("1a 1\n", "no sample: 1a 1")]
    [InlineData("# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n", "buckets of h not in order or not cumulative")]
    [InlineData("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n", "h has no bucket +Inf")]
    public void The_tests_own_reader_finds_what_breaks_the_rules(string page, string problem) =>
        Assert.Equal(problem, Assert.Throws<FormatException>(() => new PrometheusPage(page)).Message);

    [Theory]
    [InlineData("trainer.step.duration", "s", "histogram", "trainer_step_duration_seconds")]
    [InlineData("trainer.steps", "{step}", "counter", "trainer_steps_total")]
    [InlineData("trainer.job.rate", "{sample}/s", "gauge", "trainer_job_rate_per_second")]
    [InlineData("9.lives", null, "gauge", "_9_lives")]
    public void Names_have_their_unit(string instrument, string? unit, string kind, string name) => Assert.Equal(name, PrometheusText.Name(instrument, unit, kind));

    [Fact]
    public void A_recorded_step_allocates_nothing()
    {
        using var text = new MetricsPage(meters, "worker-1");
        var report = Report(4);
        for (var i = 0; i < 100; i++)
            meters.Step(report);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            meters.Step(report);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    [Fact]
    public void Every_metric_of_the_dashboard_is_on_a_nodes_page()
    {
        using var text = new MetricsPage(meters, "worker-1");
        meters.Step(Report(4));
        meters.Event("warning");
        meters.Serve(() => new ServerFigures(2, 17, 4096, 1, [new("w", "tcp", 5, 7)]));
        meters.Coordinate(Status(0.25));
        GC.Collect();
        var page = new PrometheusPage(text.Text());
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Deployed("grafana", "trainer.json")));
        var panels = dashboard.RootElement.GetProperty("panels").EnumerateArray().ToArray();
        var expressions = panels.Where(panel => panel.TryGetProperty("targets", out _))
            .SelectMany(panel => panel.GetProperty("targets").EnumerateArray()).Select(target => target.GetProperty("expr").GetString()!).ToArray();
        Assert.True(expressions.Length > 10);
        Assert.Equal(panels.Length, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        foreach (var name in expressions.SelectMany(expression => Metric().Matches(expression)).Select(match => match.Value).Distinct())
            Assert.Contains(page.Samples.Keys, key => key.StartsWith(name + "{", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_server_answers_metrics_and_health_and_refuses_what_is_neither()
    {
        using var server = Serve();
        using var client = new HttpClient { BaseAddress = new Uri($"http://{server.Endpoint}/"), Timeout = TestNode.Patience };
        using (var metrics = await client.GetAsync("metrics"))
        {
            Assert.Equal("text/plain; version=0.0.4; charset=utf-8", metrics.Content.Headers.ContentType!.ToString());
            Assert.Contains("trainer_node", new PrometheusPage(await metrics.Content.ReadAsStringAsync()).Types.Keys);
        }

        Assert.Equal((HttpStatusCode.OK, "live\n"), await Get("health/live"));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "no coordinator knows the node yet\n"), await Get("health/ready"));
        meters.Registered();
        Assert.Equal((HttpStatusCode.OK, "ready\n"), await Get("health/ready?x=1"));
        Assert.Equal(HttpStatusCode.NotFound, (await Get("")).Status);
        using var posted = await client.PostAsync("metrics", new StringContent("x"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);

        async Task<(HttpStatusCode Status, string Text)> Get(string path)
        {
            using var answer = await client.GetAsync(path);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task A_request_without_end_is_cut_off_and_idle_connections_hold_up_nobody_for_long()
    {
        using var server = Serve();
        using (var endless = await Connect(server))
        {
            // It may be cut off before all is sent.
            await Assert.ThrowsAnyAsync<SocketException>(async () =>
            {
                while (true)
                    await endless.SendAsync(new byte[4096]).WaitAsync(TestNode.Patience);
            });
        }

        using (var reset = await Connect(server))
            reset.LingerState = new LingerOption(enable: true, 0);

        using var garbage = await Connect(server);
        await garbage.SendAsync("\u0001\u0002 nonsense\r\n\r\n"u8.ToArray());
        var answer = new byte[100];
        var read = await garbage.ReceiveAsync(answer.AsMemory()).AsTask().WaitAsync(TestNode.Patience);
        Assert.StartsWith("HTTP/1.1 400 Bad Request\r\n", Encoding.ASCII.GetString(answer, 0, read), StringComparison.Ordinal);
        // More of them than are answered at once: their time runs out, and then others have their turn.
        var idle = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Connect(server)));
        using var client = new HttpClient { Timeout = TestNode.Patience };
        Assert.Equal("live\n", await client.GetStringAsync(new Uri($"http://{server.Endpoint}/health/live")));
        foreach (var socket in idle)
            socket.Dispose();
    }

    [Fact]
    public void A_node_is_dead_when_its_actor_does_not_run_and_not_ready_when_no_coordinator_answers()
    {
        var now = Environment.TickCount64;
        var health = new HealthCheck(meters, () => now);
        Assert.Null(health.NotLive());
        meters.Registered();
        Assert.Null(health.NotReady());
        now += 40_000;
        Assert.Null(health.NotLive());
        Assert.StartsWith("the coordinator has not answered for ", health.NotReady(), StringComparison.Ordinal);
        now += 40_000;
        Assert.StartsWith("the node's actor has not run for ", health.NotLive(), StringComparison.Ordinal);
        meters.Vitals();
        now = Environment.TickCount64;
        Assert.Null(health.NotLive());
    }

    [Fact]
    public void A_job_is_a_trace_with_a_span_for_each_of_its_phases()
    {
        var ended = new List<Activity>();
        // Made before it is looked for: a source that is made by being looked for is asked about before it has its place.
        var traces = JobTrace.Source;
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source == traces,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                lock (ended) ended.Add(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
        var trace = new JobTrace(Job);
        foreach (var phase in (string[])["preparing", "preparing", "training"])
            trace.Take(new RunProgress("tiny", phase, 1, 1, 3, 9, 1, null, null, 1, 1, [], [], []));
        trace.End(JobStatus.Failed, "broke");
        lock (ended)
        {
            // Other tests run jobs meanwhile.
            var job = ended.Single(activity => (string?)activity.GetTagItem("job.id") == $"{Job.Id}");
            Assert.Equal(["preparing", "training", "job"], ended.Where(activity => activity.TraceId == job.TraceId).Select(activity => activity.OperationName));
            Assert.All(ended.Where(activity => activity.TraceId == job.TraceId && activity != job), span => Assert.Equal(job.SpanId, span.ParentSpanId));
            Assert.Equal((ActivityStatusCode.Error, "broke"), (job.Status, job.StatusDescription));
        }

        Assert.Null(Activity.Current);
    }

    private static ProgressMessages.StepReport Report(double milliseconds) =>
        new(1, [new(0, 4, 1, 4, 4), new(1, 6, 1, 6, 6)], milliseconds, milliseconds / 2, 0.1, milliseconds / 2);

    private static ClusterStatus Status(double loss) => new(
        DateTimeOffset.UnixEpoch, "worker-1",
        new RunStatus(Job, new RunProgress("tiny", "training", 1, 1, 3, 9, loss, 0.5, 0.75, 100, 1, [], [], []), null, [], [], []), [], 2);

    private static async Task<Socket> Connect(MetricsServer server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.Endpoint);
        return socket;
    }

    private static string Deployed(params string[] path)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Distributed.sln")))
            folder = folder.Parent;
        Assert.NotNull(folder);
        return Path.Combine([folder.FullName, "deploy", .. path]);
    }

    private MetricsServer Serve() => new(IPAddress.Loopback, 0, new MetricsPage(meters, "worker-1"), new HealthCheck(meters));

    [GeneratedRegex(@"\b(trainer|dotnet)_\w+", RegexOptions.CultureInvariant)]
    private static partial Regex Metric();
}
