namespace Distributed.Learning.Tests;

/// <summary>Finds the real data that lies beside some checkouts, and never in the repository.</summary>
internal static class SampleData
{
    private const string Variable = "TRAINER_TEST_DATA";

    /// <summary>The folder that the variable names, else the nearest <c>shared/data</c> on the way up; null without either.</summary>
    public static string? Folder { get; } = Find();

    /// <summary>Why a test of this folder is skipped, or null when it can run.</summary>
    public static string? Missing(string name) =>
        Folder is not null && Directory.Exists(Path.Combine(Folder, name))
            ? null
            : $"no folder {name} in {Folder ?? "shared/data"}; set {Variable} to the folder that holds it";

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named) return named;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "shared", "data");
            if (Directory.Exists(candidate)) return candidate;
        }
        return null;
    }
}

/// <summary>A test of real data: skipped, saying so, where the data is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SampleDataFactAttribute : FactAttribute
{
    public SampleDataFactAttribute(string folder) => Skip = SampleData.Missing(folder);
}
