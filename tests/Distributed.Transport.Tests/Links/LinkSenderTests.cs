namespace Distributed.Transport.Tests;

public sealed unsafe class LinkSenderTests
{
    private const int Bytes = 32 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public void It_calls_back_when_what_was_queued_before_is_on_its_way()
    {
        using Party party = new();
        (Link worker, Link server) = party.Pair(LinkKind.Tcp);
        using Link first = worker, second = server;
        using PrivateMemory payload = new(Bytes), into = new(Bytes);
        using LinkSender sender = new(worker, _ => { });
        using ManualResetEventSlim sent = new();
        sender.SendTensor(new FrameHeader { Kind = FrameKind.State }, payload.Pointer, Bytes);
        sender.AfterSent(sent.Set);

        // More than fits into any buffer waits for the peer.
        Assert.True(server.Receive(out FrameHeader header));
        Assert.False(sent.IsSet);
        server.ReceivePayload(into.Pointer, header.PayloadBytes);
        Assert.True(sent.Wait(Patience));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void It_calls_back_when_nothing_will_be_sent_any_more(bool broken)
    {
        using Party party = new();
        (Link worker, Link server) = party.Pair(LinkKind.Tcp);
        using Link first = worker, second = server;
        using PrivateMemory payload = new(Bytes);
        using ManualResetEventSlim sent = new(), late = new();
        LinkSender sender = new(worker, _ => { });
        sender.SendTensor(new FrameHeader { Kind = FrameKind.State }, payload.Pointer, Bytes);
        sender.AfterSent(sent.Set);
        if (broken)
        {
            server.Abort();
        }
        else
        {
            worker.Abort();
            sender.Dispose();
        }

        Assert.True(sent.Wait(Patience));
        sender.AfterSent(late.Set);
        Assert.True(late.Wait(Patience));
        sender.Dispose();
    }

    [Fact]
    public void Over_shared_memory_everything_is_sent_at_once()
    {
        using Party party = new();
        (Link worker, Link server) = party.Pair(LinkKind.SharedMemory);
        using Link first = worker, second = server;
        using LinkSender sender = new(worker, _ => { });
        bool sent = false;
        sender.AfterSent(() => sent = true);
        Assert.True(sent);
    }
}
