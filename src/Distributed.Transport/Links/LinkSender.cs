using System.Diagnostics;

namespace Distributed.Transport;

/// <summary>
/// The sending side of a link for whoever must not wait. On a shared-memory link a frame is a header and goes out at once; over
/// TCP frames queue for a thread of their own, so that several links fill the wire at the same time.
/// </summary>
public sealed unsafe class LinkSender : IDisposable
{
    private readonly Link _link;
    private readonly Action<Exception> _failed;
    private readonly object _sync = new();
    private readonly Queue<(FrameHeader Header, nint Payload, Action? Then)> _queue = [];
    private readonly Thread? _thread;
    private bool _closing;
    private bool _broken;
    private long _sending;

    /// <summary>Starts the thread, where the link needs one.</summary>
    /// <param name="link">The link; its owner disposes it after this sender.</param>
    /// <param name="failed">Hears, on the sending thread, of the failure that ended the sending over TCP.</param>
    public LinkSender(Link link, Action<Exception> failed)
    {
        _link = link;
        _failed = failed;
        if (link.Kind == LinkKind.Tcp)
        {
            _thread = new Thread(Run) { Name = $"send to {link.Peer.Node}", IsBackground = true };
            _thread.Start();
        }
    }

    /// <summary>
    /// How long its thread has been sending so far, as far as frames have gone out: over TCP a peer or a wire that takes them slowly shows
    /// here. Zero over shared memory, where nothing is copied.
    /// </summary>
    public TimeSpan Sending => TimeSpan.FromTicks(Volatile.Read(ref _sending));

    /// <summary>
    /// Sends a tensor's frame. Over shared memory the tensor is in place and <paramref name="payload"/> is not read; over TCP it
    /// must not change until the peer's answer shows that it has arrived.
    /// </summary>
    /// <param name="header">The header without the length of the payload.</param>
    /// <param name="payload">The tensor's memory.</param>
    /// <param name="bytes">Its size.</param>
    /// <exception cref="LinkException">The shared-memory link is broken.</exception>
    public void SendTensor(in FrameHeader header, void* payload, long bytes)
    {
        if (_thread is null)
        {
            _link.Send(header);
            return;
        }

        lock (_sync)
        {
            _queue.Enqueue((header with { PayloadBytes = bytes }, (nint)payload, null));
            Monitor.Pulse(_sync);
        }
    }

    /// <summary>
    /// Calls back once all frames so far have been handed to the wire, or never will be, since the link broke or this sender ends: at once, or
    /// on the sending thread.
    /// </summary>
    /// <param name="then">Must not throw, nor wait.</param>
    public void AfterSent(Action then)
    {
        lock (_sync)
        {
            if (_thread is not null && !_closing && !_broken)
            {
                _queue.Enqueue((default, 0, then));
                Monitor.Pulse(_sync);
                return;
            }
        }

        then();
    }

    /// <summary>Drops what is queued and ends the thread. Abort the link first where the thread may be blocked by the peer.</summary>
    public void Dispose()
    {
        lock (_sync)
        {
            _closing = true;
            Monitor.Pulse(_sync);
        }

        Drop();

        if (Thread.CurrentThread != _thread)
        {
            _thread?.Join();
        }
    }

    private void Drop()
    {
        (FrameHeader Header, nint Payload, Action? Then)[] dropped;
        lock (_sync)
        {
            dropped = [.. _queue];
            _queue.Clear();
        }

        foreach (var (_, _, then) in dropped)
        {
            then?.Invoke();
        }
    }

    private void Run()
    {
        try
        {
            while (true)
            {
                (FrameHeader Header, nint Payload, Action? Then) next;
                lock (_sync)
                {
                    while (_queue.Count == 0 && !_closing)
                    {
                        Monitor.Wait(_sync);
                    }

                    if (_closing)
                    {
                        return;
                    }

                    next = _queue.Dequeue();
                }

                if (next.Then is not null)
                {
                    next.Then();
                    continue;
                }

                var started = Stopwatch.GetTimestamp();
                _link.Send(next.Header, (byte*)next.Payload);
                Volatile.Write(ref _sending, _sending + Stopwatch.GetElapsedTime(started).Ticks);
            }
        }
        catch (Exception failure)
        {
            // The top of the thread: a broken link, or what must not end the process all the same.
            lock (_sync)
            {
                _broken = true;
            }

            Drop();
            _failed(failure);
        }
    }
}
