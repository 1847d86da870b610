using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Distributed.Benchmarks;

// Measures the kernels one by one: dotnet run -c Release --project tests/Distributed.Benchmarks -- --filter '*'
// In this very process, since the build's output (libtorch) is large and need not be built once more.
var configuration = DefaultConfig.Instance
    .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithWarmupCount(3).WithIterationCount(10))
    .WithArtifactsPath(Path.Combine(AppContext.BaseDirectory, "results"));
BenchmarkSwitcher.FromAssembly(typeof(Floats).Assembly).Run(args, configuration);
