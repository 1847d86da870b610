using Distributed.Cluster.Monitoring.Metrics;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Distributed.Cli.Processes;

/// <summary>
/// Sends a process's metrics and traces to a collector by OpenTelemetry's protocol, where its environment names one; the library reads the
/// other variables of that family (protocol, headers, intervals) itself. It sends on threads of its own.
/// </summary>
internal sealed class Telemetry : IDisposable
{
    /// <summary>Names the collector.</summary>
    public const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private readonly MeterProvider metrics;
    private readonly TracerProvider traces;

    private Telemetry(string node)
    {
        var resource = ResourceBuilder.CreateDefault().AddService("trainer", serviceInstanceId: node);
        metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(NodeMeters.MeterName, "System.Runtime").AddOtlpExporter().Build();
        traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource(NodeMeters.MeterName).AddOtlpExporter().Build();
    }

    /// <summary>Begins to send; null where the environment names no collector.</summary>
    /// <param name="node">The node's name.</param>
    public static Telemetry? Export(string node) => Environment.GetEnvironmentVariable(EndpointVariable) is { Length: > 0 } ? new Telemetry(node) : null;

    /// <summary>Sends what there is; gives up after a few seconds.</summary>
    public void Dispose()
    {
        metrics.Dispose();
        traces.Dispose();
    }
}
