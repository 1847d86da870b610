using Distributed.Cluster.Succession;

namespace Distributed.Cluster.Tests.Succession;

public class WholeLinesTests
{
    [Theory]
    [InlineData("one\ntwo\nthr", "one\ntwo\n")]
    [InlineData("one\n", "one\n")]
    [InlineData("on", "")]
    [InlineData("", "")]
    public void A_line_that_was_cut_is_dropped(string text, string kept)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["log"], text);
        WholeLines.TakeOver(folder["log"]);
        Assert.Equal(kept, File.ReadAllText(folder["log"]));
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void A_long_cut_line_is_dropped_too()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["log"], $"one\n{new string('x', 10_000)}");
        WholeLines.TakeOver(folder["log"]);
        Assert.Equal("one\n", File.ReadAllText(folder["log"]));
    }

    [Fact]
    public void What_the_former_writer_still_writes_reaches_nobody()
    {
        using var folder = new TemporaryFolder();
        using var former = new StreamWriter(new FileStream(folder["log"], FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete));
        former.WriteLine("one");
        former.Flush();
        WholeLines.TakeOver(folder["log"]);
        using (var next = new StreamWriter(new FileStream(folder["log"], FileMode.Append, FileAccess.Write, FileShare.ReadWrite)))
            next.WriteLine("two");
        former.WriteLine("lost");
        former.Flush();
        Assert.Equal("one\ntwo\n", File.ReadAllText(folder["log"]));
    }

    [Fact]
    public void Where_there_is_no_file_nothing_is_made()
    {
        using var folder = new TemporaryFolder();
        WholeLines.TakeOver(folder["log"]);
        Assert.Empty(Directory.GetFiles(folder.Path));
    }
}
