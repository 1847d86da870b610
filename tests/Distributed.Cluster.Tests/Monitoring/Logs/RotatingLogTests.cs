using Distributed.Cluster.Monitoring.Logs;

namespace Distributed.Cluster.Tests.Monitoring.Logs;

/// <summary>The parts of a run's log, written and read.</summary>
public sealed class RotatingLogTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_full_part_gets_its_number_and_the_log_reads_as_one()
    {
        var lines = Enumerable.Range(0, 100).Select(i => $"line {i:D3} of the log").ToArray();
        using (var log = Open(mostBytes: 200, mostParts: 1000))
            foreach (var line in lines)
                log.WriteLine(line);
        Assert.Equal(Enumerable.Range(1, 9), LogFiles.FullParts(folder.Path));
        Assert.All(Directory.GetFiles(folder.Path), file => Assert.InRange(new FileInfo(file).Length, 1, 200));
        Assert.Equal(lines, ReadAll(mostBytes: 64));
        Assert.Equal(lines, ReadAll(mostBytes: 1 << 16));
    }

    [Fact]
    public void Of_too_many_parts_the_oldest_go_and_their_numbers_are_told()
    {
        var dropped = new List<int>();
        using (var log = Open(mostBytes: 10, mostParts: 3, dropped))
            for (var i = 0; i < 6; i++)
                log.WriteLine($"line {i}..");
        Assert.Equal([1, 2, 3], dropped);
        Assert.Equal([4, 5], LogFiles.FullParts(folder.Path));
        Assert.Equal(["line 3..", "line 4..", "line 5.."], ReadAll(mostBytes: 100));
        // Whoever had read into a part that is gone goes on with the oldest that is there.
        Assert.Equal("line 3..", LogReader.Read(folder.Path, new LogPlace(2, 5), 100).Lines[0]);
    }

    [Fact]
    public void A_log_that_is_continued_keeps_its_parts_and_one_that_begins_anew_does_not()
    {
        using (var log = Open(mostBytes: 10, mostParts: 9))
            foreach (var line in (string[])["first...", "second..", "third..."])
                log.WriteLine(line);
        using (var log = new RotatingLog(folder.Path, anew: false, 10, 9))
            log.WriteLine("fourth..");
        Assert.Equal(["first...", "second..", "third...", "fourth.."], ReadAll(100));
        using (var log = Open(mostBytes: 10, mostParts: 9))
            log.WriteLine("anew");
        Assert.Equal(["anew"], ReadAll(100));
    }

    [Fact]
    public void Half_a_line_waits_for_its_other_half()
    {
        var file = folder[LogFiles.Current];
        File.WriteAllText(file, "whole\nha");
        var page = LogReader.Read(folder.Path, default, 1000);
        Assert.Equal(["whole"], page.Lines);
        Assert.Equal((6, false), (page.Next.Offset, page.AtEnd));
        Assert.True(LogReader.Read(folder.Path, page.Next, 1000).AtEnd);
        File.AppendAllText(file, "lf\n");
        Assert.Equal(["half"], LogReader.Read(folder.Path, page.Next, 1000).Lines);
    }

    [Fact]
    public void A_line_that_is_longer_than_a_page_comes_whole()
    {
        var line = new string('x', 5000);
        File.WriteAllText(folder[LogFiles.Current], line + "\nnext\n");
        Assert.Equal([line, "next"], ReadAll(mostBytes: 10));
    }

    [Fact]
    public void A_log_that_was_begun_anew_is_read_from_its_beginning()
    {
        File.WriteAllText(folder[LogFiles.Current], "new\n");
        Assert.Equal(["new"], LogReader.Read(folder.Path, new LogPlace(1, 4000), 100).Lines);
    }

    [Fact]
    public void A_folder_without_a_log_has_no_lines() => Assert.Empty(ReadAll(100));

    [Fact]
    public async Task A_reader_that_follows_a_writer_misses_nothing()
    {
        var lines = Enumerable.Range(0, 3000).Select(i => $"line {i}").ToArray();
        using var writer = Open(mostBytes: 500, mostParts: 10_000);
        var writing = Task.Run(() =>
        {
            foreach (var line in lines)
            {
                writer.WriteLine(line);
                writer.Flush();
            }
        });
        var read = new List<string>();
        var place = default(LogPlace);
        for (var over = false; ;)
        {
            var page = LogReader.Read(folder.Path, place, 256);
            place = page.Next;
            read.AddRange(page.Lines);
            if (page.AtEnd && over)
                break;
            over = page.AtEnd && writing.IsCompleted;
        }

        await writing;
        Assert.Equal(lines, read);
    }

    private RotatingLog Open(long mostBytes, int mostParts, List<int>? dropped = null) =>
        new(folder.Path, anew: true, mostBytes, mostParts, part => dropped?.Add(part));

    private List<string> ReadAll(int mostBytes)
    {
        var lines = new List<string>();
        var page = LogReader.Read(folder.Path, default, mostBytes);
        for (; page.Lines.Length > 0; page = LogReader.Read(folder.Path, page.Next, mostBytes))
            lines.AddRange(page.Lines);
        return lines;
    }
}
