using System.Text;
using Distributed.Cluster.Monitoring.Logs;

namespace Distributed.Cluster.Tests.Monitoring.Logs;

/// <summary>Files of a run on a disk that becomes full.</summary>
public sealed class AppendedFileTests
{
    private readonly SmallDisk disk = new();
    private readonly List<string> told = [];

    [Fact]
    public void What_is_there_is_continued()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["file"], "one\n");
        using (var file = new AppendedFile(folder["file"], anew: false))
            Write(file, "two");
        Assert.Equal("one\ntwo\n", File.ReadAllText(folder["file"]));
        using (var file = new AppendedFile(folder["file"], anew: true))
            Write(file, "three");
        Assert.Equal("three\n", File.ReadAllText(folder["file"]));
    }

    [Fact]
    public void A_full_disk_is_told_once_and_nothing_is_lost_half_or_twice()
    {
        using var file = Open();
        Write(file, "one");
        file.Flush();
        disk.Room = 6;
        Write(file, "two");
        file.Flush();
        Write(file, "three");
        file.Flush();
        Assert.Equal((false, 14, 1), (file.IsWritten, file.Length, told.Count));

        disk.Room = 100;
        file.Flush();
        Assert.Equal((true, "one\ntwo\nthree\n"), (file.IsWritten, disk.Text));
        Assert.Equal(["no space left", "written"], told);
    }

    [Fact]
    public void What_a_failed_attempt_left_is_gone_when_less_is_written_later()
    {
        using var file = Open();
        disk.Room = 2;
        Write(file, "one");
        file.Flush();
        disk.Room = 100;
        file.Flush();
        Assert.Equal("one\n", disk.Text);
    }

    [Fact]
    public void More_than_can_be_kept_ends_it()
    {
        using var file = Open();
        disk.Room = 0;
        var part = new byte[AppendedFile.MostKept / 4];
        for (var i = 0; i < 4; i++)
            file.Write(part);
        Assert.Equal("no space left", Assert.Throws<IOException>(() => file.Write(part)).Message);
    }

    private static void Write(AppendedFile file, string line) => file.Write(Encoding.UTF8.GetBytes(line + "\n"));

    private AppendedFile Open() => new(disk, problem => told.Add(problem?.Message ?? "written"));

    /// <summary>Takes what fits, as a disk does, and then fails.</summary>
    private sealed class SmallDisk : MemoryStream
    {
        public int Room { get; set; } = 100;

        public string Text => Encoding.UTF8.GetString(ToArray());

        public override void Write(byte[] buffer, int offset, int count)
        {
            var fits = (int)Math.Min(count, Math.Max(0, Room - Position));
            base.Write(buffer, offset, fits);
            if (fits < count)
                throw new IOException("no space left");
        }
    }
}
