namespace Distributed.Transport.Tests;

public sealed unsafe class SpareMemoryTests
{
    private const int Bytes = 8 << 20;

    [Fact]
    public void What_comes_back_is_lent_again_and_takes_what_is_written()
    {
        using var spare = new SpareMemory();
        var first = spare.Rent(Bytes);
        var second = spare.Rent(Bytes);
        Assert.NotSame(first, second);
        spare.Return(first);
        var again = spare.Rent(Bytes - 1);
        Assert.Same(first, again);
        new Span<byte>(again.Pointer, Bytes).Fill(7);
        Assert.Equal(-1, new Span<byte>(again.Pointer, Bytes).IndexOfAnyExcept((byte)7));
        spare.Return(again);
        spare.Return(second);
    }

    [Fact]
    public void One_of_another_size_makes_room()
    {
        using var spare = new SpareMemory();
        var small = spare.Rent(Bytes);
        spare.Return(small);
        var large = spare.Rent(2 * Bytes);
        Assert.Throws<ObjectDisposedException>(() => (nint)small.Pointer);
        spare.Return(large);
        Assert.Same(large, spare.Rent(2 * Bytes));
        large.Dispose();
    }

    [Fact]
    public void What_waits_and_what_comes_late_is_given_back()
    {
        var spare = new SpareMemory();
        var (waits, late) = (spare.Rent(Bytes), spare.Rent(Bytes));
        spare.Return(waits);
        spare.Dispose();
        spare.Return(late);
        Assert.Throws<ObjectDisposedException>(() => (nint)waits.Pointer);
        Assert.Throws<ObjectDisposedException>(() => (nint)late.Pointer);
    }
}
