namespace Distributed.EndToEnd.Tests;

/// <summary>A test that needs a program of the machine; skipped, naming it, where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ToolFactAttribute : FactAttribute
{
    public ToolFactAttribute(string tool) => Skip = Has(tool) ? null : $"needs {tool}";

    internal static bool Has(string tool) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, tool)));
}
