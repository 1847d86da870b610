using Distributed.Cluster.Launching;

namespace Distributed.Cluster.Tests.Launching;

public class LineTailTests
{
    [Fact]
    public void The_newest_lines_are_kept_and_long_ones_are_cut()
    {
        var text = string.Join('\n', Enumerable.Range(1, 80).Select(i => $"line {i}")) + $"\n{new string('x', 10_000)}\r\n  \nend";
        var tail = new LineTail(new StringReader(text), "test");
        Assert.True(tail.WaitForEnd(TimeSpan.FromSeconds(30)));
        Assert.Equal(LineTail.MaxLines, tail.Lines.Count);
        Assert.Equal("line 34", tail.Lines[0]);
        Assert.Equal(LineTail.MaxLength, tail.Lines[^3].Length);
        Assert.Equal("end", tail.Last);
    }

    [Fact]
    public void Blank_lines_are_no_last_words()
    {
        var tail = new LineTail(new StringReader("words\n\n   \n"), "test");
        Assert.True(tail.WaitForEnd(TimeSpan.FromSeconds(30)));
        Assert.Equal("words", tail.Last);
    }
}
