using Distributed.Cluster.ParameterServers;

namespace Distributed.Cluster.Tests.ParameterServers;

public sealed unsafe class ReceivedGradientsTests : IDisposable
{
    private const long Page = 4096;
    private readonly ReceivedGradients memory = new(2 * Page);
    private readonly object link = new();

    public void Dispose() => memory.Dispose();

    [Fact]
    public void A_buffer_that_was_given_back_serves_the_next_piece_of_its_size()
    {
        var first = (nint)memory.Take(100, link);
        var second = (nint)memory.Take(100, link);
        Assert.NotEqual(first, second);
        memory.GiveBack(first);
        Assert.Equal(first, (nint)memory.Take(Page, link));
        Assert.Equal(2 * Page, memory.Bytes);
    }

    [Fact]
    public void No_more_is_kept_than_was_said()
    {
        var taken = Enumerable.Range(0, 5).Select(_ => (nint)memory.Take(Page, link)).ToArray();
        Assert.Equal(5 * Page, memory.Bytes);
        foreach (var address in taken)
            memory.GiveBack(address);
        Assert.Equal(2 * Page, memory.Bytes);
    }

    [Fact]
    public void What_a_link_had_goes_back_when_it_is_over_and_an_address_goes_back_once()
    {
        var other = new object();
        var kept = (nint)memory.Take(Page, other);
        var gone = (nint)memory.Take(Page, link);
        memory.GiveBackAll(link);
        // The other link has it now: an update that ends late must not take it away.
        Assert.Equal(gone, (nint)memory.Take(Page, other));
        memory.GiveBackAll(link);
        memory.GiveBack(kept);
        Assert.Equal(kept, (nint)memory.Take(Page, other));
        Assert.Equal(2 * Page, memory.Bytes);
    }

    [Fact]
    public void Addresses_of_other_processes_memory_are_none_of_its()
    {
        memory.GiveBack(12345);
        Assert.Equal(0, memory.Bytes);
    }
}
