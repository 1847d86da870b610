namespace Distributed.Transport.Tests;

public sealed unsafe class SpareMemoryTests : IDisposable
{
    private const int Bytes = 8 << 20;

    private readonly SpareMemory spare = new();

    public void Dispose() => spare.Dispose();

    [Fact]
    public void What_comes_back_is_lent_again_as_it_is()
    {
        using var other = spare.Lend(Bytes);
        var first = spare.Lend(Bytes);
        var at = (nint)first.Pointer;
        Assert.NotEqual(at, (nint)other.Pointer);
        new Span<byte>(first.Pointer, Bytes).Fill(7);
        first.Dispose();

        using var again = spare.Lend(Bytes - 1);
        Assert.Equal((at, (long)Bytes), ((nint)again.Pointer, again.Bytes));
        Assert.Equal(-1, new Span<byte>(again.Pointer, Bytes).IndexOfAnyExcept((byte)7));
    }

    [Fact]
    public void It_comes_back_once()
    {
        var first = spare.Lend(Bytes);
        first.Dispose();
        first.Dispose();
        Assert.Throws<ObjectDisposedException>(() => (nint)first.Pointer);
        using var second = spare.Lend(Bytes);
        using var third = spare.Lend(Bytes);
        Assert.NotEqual((nint)second.Pointer, (nint)third.Pointer);
    }

    [Fact]
    public void What_waits_goes_when_another_size_is_wanted_or_nobody_lends_any_more()
    {
        spare.Lend(Bytes).Dispose();
        Assert.Equal(Bytes, spare.WaitingBytes);
        var other = spare.Lend(2 * Bytes);
        Assert.Equal(0, spare.WaitingBytes);
        other.Dispose();
        Assert.Equal(2 * Bytes, spare.WaitingBytes);
        spare.Clear();
        Assert.Equal(0, spare.WaitingBytes);

        var late = spare.Lend(Bytes);
        spare.Lend(Bytes).Dispose();
        spare.Dispose();
        late.Dispose();
        Assert.Equal(0, spare.WaitingBytes);
    }
}
