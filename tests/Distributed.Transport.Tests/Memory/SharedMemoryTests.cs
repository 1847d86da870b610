using System.Diagnostics;

namespace Distributed.Transport.Tests;

public sealed unsafe class SharedMemoryTests
{
    private static readonly int Page = MemoryPages.Size;

    [Fact]
    public void What_the_owner_writes_is_what_a_reader_sees()
    {
        using SharedSegment mine = SharedSegment.Create("test", 3 * Page);
        using SharedSegment theirs = SharedSegment.OpenPeer(mine.Offer, writable: false);

        mine.Pointer[5000] = 42;

        Assert.NotEqual((IntPtr)mine.Pointer, (IntPtr)theirs.Pointer);
        Assert.Equal(42, theirs.Pointer[5000]);
        Assert.Equal(3 * Page, theirs.Bytes);
    }

    [Fact]
    public void A_segment_is_whole_pages_of_zeroes()
    {
        using SharedSegment segment = SharedSegment.Create("test", 1);

        Assert.Equal(Page, segment.Bytes);
        Assert.Equal(0, (long)segment.Pointer % Page);
        Assert.True(new ReadOnlySpan<byte>(segment.Pointer, Page).IndexOfAnyExcept((byte)0) < 0);
    }

    [Fact]
    public void A_reader_keeps_the_memory_after_the_owner_has_let_go()
    {
        SharedSegment mine = SharedSegment.Create("test", Page);
        using SharedSegment theirs = SharedSegment.OpenPeer(mine.Offer, writable: true);
        mine.Pointer[0] = 7;

        mine.Dispose();
        mine.Dispose();

        Assert.Equal(7, theirs.Pointer[0]);
        Assert.Throws<ObjectDisposedException>(() => (IntPtr)mine.Pointer);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    public void A_size_that_is_not_above_zero_is_refused(long bytes)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => SharedSegment.Create("test", bytes));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PrivateMemory(bytes));
        Assert.Throws<ArgumentOutOfRangeException>(() => new FlatMapping(bytes));
    }

    [Theory]
    [InlineData(1L << 50)]
    [InlineData(long.MaxValue)]
    public void A_size_beyond_the_free_memory_is_refused_before_it_is_taken(long bytes)
    {
        Assert.Contains("free", Assert.Throws<InsufficientMemoryException>(() => SharedSegment.Create("test", bytes)).Message);
        Assert.Throws<InsufficientMemoryException>(() => new PrivateMemory(bytes));
        Assert.ThrowsAny<Exception>(() => new FlatMapping(long.MaxValue));
    }

    [Fact]
    public void An_offer_that_names_no_descriptor_is_refused()
    {
        SegmentOffer offer = new(Environment.ProcessId, 99_999, Page, 1);

        var failure = Assert.Throws<SharedMemoryException>(() => SharedSegment.OpenPeer(offer, writable: false));

        Assert.Contains("not reachable", failure.Message);
    }

    [Fact]
    public void An_offer_of_an_ordinary_file_is_refused()
    {
        string path = Path.GetTempFileName();
        using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        file.SetLength(Page);
        SegmentOffer offer = new(Environment.ProcessId, (int)file.SafeFileHandle.DangerousGetHandle(), Page, 1);

        var failure = Assert.Throws<SharedMemoryException>(() => SharedSegment.OpenPeer(offer, writable: false));

        Assert.Contains("not a shared segment", failure.Message);
    }

    [Fact]
    public void An_offer_whose_size_could_still_shrink_is_refused()
    {
        int descriptor = Native.CreateMemoryFile("unsealed", Native.MemoryFileCloseOnExec | Native.MemoryFileAllowSealing);
        try
        {
            Assert.Equal(0, Native.Truncate(descriptor, Page));
            Assert.True(Native.TryStatus(descriptor, out long inode, out _));
            SegmentOffer offer = new(Environment.ProcessId, descriptor, Page, inode);

            var failure = Assert.Throws<SharedMemoryException>(() => SharedSegment.OpenPeer(offer, writable: false));

            Assert.Contains("not sealed", failure.Message);
        }
        finally
        {
            Native.Close(descriptor);
        }
    }

    [Fact]
    public void An_offer_that_another_segment_answers_is_refused()
    {
        using SharedSegment mine = SharedSegment.Create("test", Page);

        Assert.Contains("another memory file", Refused(mine.Offer with { Inode = mine.Offer.Inode + 1 }));
        Assert.Contains("holds", Refused(mine.Offer with { Bytes = 2 * Page }));
        Assert.Contains("does not describe", Refused(mine.Offer with { Bytes = Page + 1 }));
        Assert.Contains("does not describe", Refused(mine.Offer with { ProcessId = 0 }));

        static string Refused(SegmentOffer offer) =>
            Assert.Throws<SharedMemoryException>(() => SharedSegment.OpenPeer(offer, writable: false)).Message;
    }

    [Fact]
    public void A_segment_s_size_is_sealed()
    {
        using SharedSegment mine = SharedSegment.Create("test", 2 * Page);

        Assert.Equal(-1, Native.Truncate(mine.Offer.FileDescriptor, Page));
        Assert.Equal(-1, Native.Truncate(mine.Offer.FileDescriptor, 3 * Page));
    }

    [Fact]
    public void A_flat_mapping_joins_two_peers_and_private_memory_into_one_range()
    {
        using SharedSegment first = SharedSegment.Create("first", 2 * Page);
        using SharedSegment second = SharedSegment.Create("second", Page);
        using FlatMapping flat = new(4 * Page);
        flat.MapShared(0, first.Offer, Page, Page, writable: false);
        flat.MapShared(Page, second.Offer, 0, Page, writable: true);
        flat.MapPrivate(2 * Page, 2 * Page);

        first.Pointer[Page + 1] = 11;
        second.Pointer[1] = 12;
        flat.Pointer[(2 * Page) + 1] = 13;
        flat.Pointer[Page + 2] = 14;

        Assert.Equal(11, flat.Pointer[1]);
        Assert.Equal(12, flat.Pointer[Page + 1]);
        Assert.Equal(13, flat.Pointer[(2 * Page) + 1]);
        Assert.Equal(14, second.Pointer[2]);
    }

    [Fact]
    public void A_part_of_a_flat_mapping_can_be_replaced()
    {
        using SharedSegment old = SharedSegment.Create("old", Page);
        using FlatMapping flat = new(Page);
        flat.MapShared(0, old.Offer, 0, Page, writable: true);
        flat.Pointer[0] = 1;

        flat.MapPrivate(0, Page);

        Assert.Equal(0, flat.Pointer[0]);
        Assert.Equal(1, old.Pointer[0]);
    }

    [Theory]
    [InlineData(1, 0, 1)]
    [InlineData(0, 1, 1)]
    public void Places_inside_a_page_are_refused(int offset, int segmentOffset, int pages)
    {
        using SharedSegment segment = SharedSegment.Create("test", 4 * Page);
        using FlatMapping flat = new(4 * Page);

        Assert.Throws<ArgumentException>(() => flat.MapShared(offset, segment.Offer, segmentOffset, pages * Page, writable: false));
    }

    [Theory]
    [InlineData(0, 5)]
    [InlineData(4, 1)]
    [InlineData(0, 0)]
    [InlineData(-1, 1)]
    public void Parts_outside_the_range_are_refused(int offsetPages, int pages)
    {
        using SharedSegment segment = SharedSegment.Create("test", 8 * Page);
        using FlatMapping flat = new(4 * Page);

        Assert.ThrowsAny<ArgumentException>(() => flat.MapShared(offsetPages * Page, segment.Offer, 0, pages * Page, writable: false));
        Assert.ThrowsAny<ArgumentException>(() => flat.MapPrivate(offsetPages * Page, pages * Page));
    }

    [Fact]
    public void Parts_outside_the_segment_are_refused()
    {
        using SharedSegment segment = SharedSegment.Create("test", Page);
        using FlatMapping flat = new(4 * Page);

        Assert.ThrowsAny<ArgumentException>(() => flat.MapShared(0, segment.Offer, Page, Page, writable: false));
        Assert.ThrowsAny<ArgumentException>(() => flat.MapShared(0, segment.Offer, 0, 2 * Page, writable: false));
    }

    [Fact]
    public void A_reserved_range_takes_no_memory()
    {
        using FlatMapping flat = new(64L << 30);

        flat.MapPrivate(32L << 30, Page);

        flat.Pointer[32L << 30] = 1;
    }

    [Fact]
    public void Private_memory_is_aligned_and_zero()
    {
        using PrivateMemory memory = new(8 << 20);

        Assert.Equal(0, (long)memory.Pointer % Page);
        Assert.True(new ReadOnlySpan<byte>(memory.Pointer, 8 << 20).IndexOfAnyExcept((byte)0) < 0);
        memory.Dispose();
        memory.Dispose();
        Assert.Throws<ObjectDisposedException>(() => (IntPtr)memory.Pointer);
    }

    [Fact]
    public void Another_process_can_read_the_memory_and_nothing_has_a_name_in_a_file_system()
    {
        using SharedSegment mine = SharedSegment.Create("test", Page);
        new Span<byte>(mine.Pointer, Page).Fill((byte)'x');

        // A process that isn't ours in any way but the user: it reads through the same path as a peer does.
        using Process reader = Process.Start(new ProcessStartInfo("head", ["-c", "3", $"/proc/{mine.Offer.ProcessId}/fd/{mine.Offer.FileDescriptor}"])
        {
            RedirectStandardOutput = true,
        })!;

        Assert.Equal("xxx", reader.StandardOutput.ReadToEnd());
        Assert.EndsWith("(deleted)", new FileInfo($"/proc/self/fd/{mine.Offer.FileDescriptor}").LinkTarget);
    }
}
