namespace Distributed.Cluster.Monitoring;

/// <summary>
/// Writes the events of many nodes as JSON lines in order of time. Events reach it late and out of order, so each is held back for a
/// short window; one that comes later than that is written when it comes. Safe to call from several threads.
/// </summary>
internal sealed class EventMerger : IDisposable
{
    // A node that logs without end must not fill the memory: beyond this the oldest are written early.
    private const int MostHeld = 10_000;

    private readonly TextWriter _output;
    private readonly TimeSpan _holdBack;
    private readonly TimeProvider _clock;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();

    // In order of time, and of arrival within one time.
    private readonly PriorityQueue<(LogEvent Event, DateTimeOffset Arrival), (DateTimeOffset Time, long Order)> _held = new();
    private readonly SortedSet<long> _unwritten = [];
    private readonly List<long> _inHand = [];
    private long _order;
    private bool _closed;
    private readonly Action<IOException?, long>? _told;
    private IOException? _failure;
    private long _lost;

    /// <summary>A merger that writes to a text writer, which it flushes but does not close.</summary>
    /// <param name="output">Where lines go.</param>
    /// <param name="holdBack">How long an event waits for earlier ones; null for 500 ms.</param>
    /// <param name="clock">Measures the waiting; null for the system's.</param>
    /// <param name="told">
    /// Hears, once each time, why nothing can be written; and null, with how many events had to be dropped, when there is room again.
    /// </param>
    public EventMerger(TextWriter output, TimeSpan? holdBack = null, TimeProvider? clock = null, Action<IOException?, long>? told = null)
    {
        _output = output;
        _told = told;
        _holdBack = holdBack ?? TimeSpan.FromMilliseconds(500);
        _clock = clock ?? TimeProvider.System;
        var period = TimeSpan.FromMilliseconds(Math.Max(1, _holdBack.TotalMilliseconds / 4));
        _timer = _clock.CreateTimer(_ => WriteRipe(), null, period, period);
    }

    /// <summary>Why nothing can be written now: the disk is full or gone. Training does not stop for its log; null while all is well.</summary>
    public IOException? Failure
    {
        get
        {
            lock (_lock) return _failure;
        }
    }

    /// <summary>Takes an event of any node.</summary>
    /// <param name="entry">The event; after <see cref="Dispose"/> it is ignored.</param>
    /// <returns>The place behind it, in the order in which events came; see <see cref="Written"/>.</returns>
    public long Add(LogEvent entry)
    {
        lock (_lock)
        {
            if (_closed) return _order;
            _unwritten.Add(_order);
            _held.Enqueue((entry, _clock.GetUtcNow()), (entry.Time, _order++));
            while (_held.Count > MostHeld)
            {
                if (_failure is null)
                    WriteNext();
                else
                    DropNext();
            }

            return _order;
        }
    }

    /// <summary>All events before this place are in the log; after <see cref="Dispose"/>, none is waited for.</summary>
    public long Written
    {
        get
        {
            lock (_lock) return _unwritten.Count == 0 || _closed ? _order : _unwritten.Min;
        }
    }

    /// <summary>Writes all that is held back now.</summary>
    public void Flush()
    {
        lock (_lock)
        {
            if (_failure is not null && !IsThereRoomAgain()) return;
            while (_held.Count > 0 && _failure is null) WriteNext();
            FlushOutput();
        }
    }

    /// <summary>Writes all that is held back and stops.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_lock)
        {
            if (_closed) return;
            _closed = true;
            Flush();
        }
    }

    // An event waits by the clock of this node since it arrived, so that a node whose clock is wrong neither blocks nor hurries others;
    // only an earlier event that is still waiting holds back a later one.
    private void WriteRipe()
    {
        lock (_lock)
        {
            if (_closed) return;
            if ((_failure is not null && !IsThereRoomAgain()) || _held.Count == 0) return;
            var now = _clock.GetUtcNow();
            var written = false;
            while (_failure is null && _held.TryPeek(out var next, out _) && now - next.Arrival >= _holdBack)
            {
                WriteNext();
                written = true;
            }
            if (written) FlushOutput();
        }
    }

    private void WriteNext()
    {
        if (!_held.TryPeek(out var next, out var place) || !Guarded(() => _output.WriteLine(JsonLines.Format(next.Event)))) return;
        _held.Dequeue();
        _inHand.Add(place.Order);
    }

    // The oldest makes room for others; how many are gone is told.
    private void DropNext()
    {
        _held.TryDequeue(out _, out var place);
        _unwritten.Remove(place.Order);
        _lost++;
    }

    private void FlushOutput()
    {
        if (!Guarded(_output.Flush)) return;
        foreach (var place in _inHand) _unwritten.Remove(place);
        _inHand.Clear();
    }

    private bool IsThereRoomAgain()
    {
        if (!Guarded(_output.Flush)) return false;
        if (_inHand.Count == 0 && _held.Count > 0) WriteNext();
        var wrote = _inHand.Count > 0 || _held.Count == 0;
        FlushOutput();
        if (!wrote || _inHand.Count > 0) return false;
        _failure = null;
        _told?.Invoke(null, _lost);
        _lost = 0;
        return true;
    }

    private bool Guarded(Action write)
    {
        try
        {
            write();
            return true;
        }
        catch (IOException failure)
        {
            if (_failure is null) _told?.Invoke(failure, 0);
            _failure = failure;
            return false;
        }
    }
}
