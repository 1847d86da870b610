using System.Text.RegularExpressions;
using Distributed.Cli.Processes;
using Distributed.Cli.Terminal;

namespace Distributed.Cli.Tests;

/// <summary>The pages for users: their commands are commands, and what they promise to list is all there.</summary>
public partial class DocumentsTests
{
    private static readonly string Root = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)).Parent!.Parent!.Parent!.Parent!.FullName;

    public static TheoryData<string> Pages =>
        ["README.md", "src/OPERATIONS.md", "src/SECURITY.md", "src/EVENTS.md", "deploy/kubernetes/README.md", "deploy/systemd/README.md", "deploy/jobs/README.md"];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_command_of_a_page_is_one_that_the_program_takes(string page)
    {
        using var interruption = new Interruption();
        var session = new Session(new TerminalOutput(TextWriter.Null, TextWriter.Null, Interactive: false), interruption);
        foreach (var words in Commands(File.ReadAllText(Path.Combine(Root, page))))
        {
            // What a reader has on the disk is not on this one.
            var errors = CommandLine.Parse([.. words], session).Parsed.Errors.Select(error => error.Message).Where(message => !message.Contains("no such f", StringComparison.Ordinal));
            Assert.True(!errors.Any(), $"{page}: trainer {string.Join(' ', words)}: {string.Join("; ", errors)}");
        }
    }

    [Fact]
    public void The_pages_have_the_commands_that_are_looked_for()
    {
        var counts = new[] { "README.md", "src/OPERATIONS.md" }.Select(page => Commands(File.ReadAllText(Path.Combine(Root, page))).Count()).ToArray();
        Assert.True(counts[0] >= 20, $"{counts[0]} in the README");
        Assert.True(counts[1] >= 7, $"{counts[1]} in the guide");
        Assert.Contains(["local", "mnist-cnn", "--data", "DIR", "--workers", "2"], Commands(File.ReadAllText(Path.Combine(Root, "README.md"))).ToArray());
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_script_and_file_that_a_page_points_to_is_there(string page)
    {
        var text = File.ReadAllText(Path.Combine(Root, page));
        var links = Link().Matches(text).Select(match => Path.Combine(Root, Path.GetDirectoryName(page)!, match.Groups[1].Value));
        var scripts = Script().Matches(text).Select(match => Path.Combine(Root, match.Value));
        Assert.All(links.Concat(scripts), file => Assert.True(Path.Exists(file), $"{page}: {file}"));
    }

    [Fact]
    public void The_guide_says_of_every_warning_what_it_means()
    {
        var events = File.ReadLines(Path.Combine(Root, "src/EVENTS.md")).Select(line => EventRow().Match(line)).Where(match => match.Success && match.Groups[2].Value is "warning" or "any")
            .Select(match => match.Groups[1].Value).ToArray();
        Assert.True(events.Length > 20);
        var guide = File.ReadAllLines(Path.Combine(Root, "src/OPERATIONS.md"));
        Assert.All(events, name => Assert.Contains(guide, line => line.StartsWith($"| `{name}` | ", StringComparison.Ordinal)));
    }

    /// <summary>The arguments of the trainer's commands in a page's blocks of code, without what follows a pipe or a comment.</summary>
    private static IEnumerable<string[]> Commands(string page)
    {
        var within = false;
        foreach (var line in page.Split('\n'))
        {
            within ^= line.StartsWith("```", StringComparison.Ordinal);
            if (!within) continue;
            var command = Trainer().Match(line);
            if (!command.Success || line.Contains('…', StringComparison.Ordinal)) continue;
            yield return [.. Word().Matches(Comment().Replace(command.Groups[1].Value, "")).Select(word => word.Value.Replace("'", "", StringComparison.Ordinal).Replace("\"", "", StringComparison.Ordinal))];
        }
    }

    [GeneratedRegex(@"^(?:kubectl exec \S+ -- |deploy/)trainer (.*)$")]
    private static partial Regex Trainer();

    [GeneratedRegex(@"\s+#.*$")]
    private static partial Regex Comment();

    [GeneratedRegex("""(?:[^\s"']|"[^"]*"|'[^']*')+""")]
    private static partial Regex Word();

    [GeneratedRegex(@"\]\((?!https?:|#)([^)#]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\bdeploy/[a-z/]+\.(?:sh|sbatch|yaml|json)\b")]
    private static partial Regex Script();

    [GeneratedRegex(@"^\| `([a-z-]+)` \| (\w+) \|")]
    private static partial Regex EventRow();
}
