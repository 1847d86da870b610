namespace Distributed.Learning.Tests;

/// <summary>The reference of a job's keys beside the jobs that ship names every kind of everything.</summary>
public class JobReferenceTests
{
    private static readonly string Reference = File.ReadAllText(Path.Combine(Root(), "deploy", "jobs", "README.md"));

    public static TheoryData<string> Names =>
    [
        .. LayerKinds.Types, .. OptimizerKinds.Types,
        .. Known(() => DataSpec.Read(Examples.Section(("format", "?")))),
        .. Known(() => ScheduleSpec.Read(Examples.Section(("schedule", new (string, object)[] { ("type", "?") })))),
        .. Known(() => LossSpec.Read(Examples.Section(("loss", "?")))),
        .. Known(() => WatchedMetric.Read(Examples.Section(("metric", "?")))),
    ];

    [Theory, MemberData(nameof(Names))]
    public void Every_kind_is_named(string name) => Assert.Contains($"`{name}`", Reference);

    /// <summary>What the error about an unknown word says is known.</summary>
    private static string[] Known(Action read)
    {
        var message = Assert.Throws<BadInputException>(read).Message;
        var start = message.IndexOf("expected one of ", StringComparison.Ordinal) + "expected one of ".Length;
        return message[start..message.IndexOf(", got '?'", StringComparison.Ordinal)].Split(", ");
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Distributed.sln"))) folder = folder.Parent!;
        return folder.FullName;
    }
}
