using Distributed.Cli.Benchmarks.Memory;

namespace Distributed.Cli.Tests.Benchmarks;

public class MemoryTests
{
    [Fact]
    public void Mappings_are_told_apart_by_their_names()
    {
        var memory = ProcessMemory.Parse("""
            55d0c0a00000-55d0c0b00000 rw-p 00000000 00:00 0                          [heap]
            Size:               1024 kB
            Rss:                 900 kB
            Anonymous:           800 kB
            VmFlags: rd wr mr mw me ac
            7f0000000000-7f0000100000 rw-s 00000000 00:01 2051                       /memfd:weights (deleted)
            Rss:                  64 kB
            Anonymous:             0 kB
            7f0000200000-7f0000300000 r--s 00000000 00:01 2051                       /memfd:weights (deleted)
            Rss:                  64 kB
            Anonymous:             0 kB
            7f0000400000-7f0000500000 rw-s 00000000 00:01 2052                       /memfd:gradients (deleted)
            Rss:                  32 kB
            7f0000600000-7f0000700000 r-xp 00000000 08:01 77                         /usr/lib/libtorch.so
            Rss:                5000 kB
            Anonymous:             4 kB
            """.Split('\n'));
        Assert.Equal(new ProcessMemory(128 * 1024, 32 * 1024, 804 * 1024), memory);
    }

    [Fact]
    public void What_does_not_grow_with_the_model_falls_out()
    {
        const long model = 1_000_000;
        var figures = MemoryFigures.Of("", "", Role(1), Role(5), 4 * model, 4);
        Assert.Equal((2, 1, 0), (figures.Shared, figures.Own, figures.Managed));
        Assert.Equal(3, figures.Total);

        static RoleMemory Role(int models) => RoleMemory.OfServers(
        [
            new WatchedMemory(new ProcessMemory(2 * models * model, 7 * model, (models * model) + (90 * model)), 9 * model),
        ]);
    }

    [Fact]
    public void Of_workers_the_largest_counts_and_servers_are_added_up()
    {
        WatchedMemory[] processes = [new(new ProcessMemory(10, 1, 100), 5), new(new ProcessMemory(10, 2, 200), 5)];
        Assert.Equal(new RoleMemory(2, 200, 5), RoleMemory.OfWorkers(processes));
        Assert.Equal(new RoleMemory(20, 300, 10), RoleMemory.OfServers(processes));
    }
}
