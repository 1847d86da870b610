using Distributed.Cluster.Monitoring;

namespace Distributed.Cluster.Tests.Monitoring;

public sealed class EventMergerTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    private readonly HandClock _clock = new();
    private readonly StringWriter _output = new();

    [Fact]
    public void Events_are_held_back_and_written_in_order_of_time()
    {
        using var merger = new EventMerger(_output, TimeSpan.FromMilliseconds(500), _clock);
        merger.Add(At(30, "late"));
        _clock.Advance(400);
        merger.Add(At(10, "early"));
        Assert.Empty(Written());
        _clock.Advance(400);
        Assert.Empty(Written()); // "late" is ripe, but "early" goes first and still waits
        _clock.Advance(100);
        Assert.Equal(["early", "late"], Written());
    }

    [Fact]
    public void It_says_up_to_which_event_all_are_written()
    {
        using var merger = new EventMerger(_output, TimeSpan.FromMilliseconds(500), _clock);
        Assert.Equal(0, merger.Written);
        Assert.Equal(1, merger.Add(At(30, "late")));
        _clock.Advance(400);
        Assert.Equal(2, merger.Add(At(10, "early")));
        _clock.Advance(200);
        Assert.Equal(0, merger.Written);
        _clock.Advance(400);
        Assert.Equal(2, merger.Written);
    }

    [Fact]
    public void Events_of_one_time_keep_the_order_in_which_they_came()
    {
        using var merger = new EventMerger(_output, TimeSpan.FromMilliseconds(500), _clock);
        foreach (var name in new[] { "a", "b", "c", "d" }) merger.Add(At(5, name));
        merger.Flush();
        Assert.Equal(["a", "b", "c", "d"], Written());
    }

    [Fact]
    public void A_straggler_is_written_late_rather_than_lost()
    {
        using var merger = new EventMerger(_output, TimeSpan.FromMilliseconds(500), _clock);
        merger.Add(At(30, "first"));
        _clock.Advance(600);
        merger.Add(At(10, "straggler"));
        _clock.Advance(600);
        Assert.Equal(["first", "straggler"], Written());
    }

    [Fact]
    public void The_end_writes_what_is_held_back_and_later_events_are_ignored()
    {
        var merger = new EventMerger(_output, TimeSpan.FromMilliseconds(500), _clock);
        merger.Add(At(2, "b"));
        merger.Add(At(1, "a"));
        merger.Dispose();
        merger.Dispose();
        merger.Add(At(3, "c"));
        Assert.Equal(["a", "b"], Written());
    }

    [Fact]
    public void A_flood_is_written_early_and_not_kept()
    {
        using var merger = new EventMerger(_output, TimeSpan.FromMilliseconds(500), _clock);
        for (var i = 0; i < 10_010; i++) merger.Add(At(i, "e"));
        Assert.Equal(10, Written().Length);
    }

    [Fact]
    public void A_full_disk_is_told_once_and_what_waited_is_written_when_there_is_room()
    {
        var disk = new FullDisk();
        var told = new List<string>();
        using var merger = new EventMerger(disk, TimeSpan.FromMilliseconds(500), _clock, (problem, lost) => told.Add(problem?.Message ?? $"room, {lost} lost"));
        merger.Add(At(1, "a"));
        Assert.Null(merger.Failure);
        _clock.Advance(600);
        Assert.Equal("no space left", merger.Failure?.Message);
        merger.Add(At(2, "b"));
        _clock.Advance(600);
        Assert.Equal((0, 1), (merger.Written, told.Count));

        disk.HasRoom = true;
        _clock.Advance(600);
        Assert.Equal(["a", "b"], disk.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonLines.Parse(line).Event));
        Assert.Equal((2, null), (merger.Written, merger.Failure));
        Assert.Equal(["no space left", "room, 0 lost"], told);
    }

    [Fact]
    public void Without_room_no_more_than_so_many_events_are_kept_and_those_that_go_are_counted()
    {
        var disk = new FullDisk();
        var dropped = 0L;
        using var merger = new EventMerger(disk, TimeSpan.FromMilliseconds(500), _clock, (_, lost) => dropped += lost);
        merger.Add(At(0, "e"));
        _clock.Advance(600);
        for (var i = 1; i < 10_010; i++) merger.Add(At(i, "e"));
        disk.HasRoom = true;
        _clock.Advance(600);
        Assert.Equal((10, 10_000), (dropped, disk.ToString().Count(character => character == '\n')));
    }

    [Fact]
    public void Many_threads_lose_nothing()
    {
        using var merger = new EventMerger(_output, TimeSpan.FromMilliseconds(500), _clock);
        Parallel.For(0, 1000, i => merger.Add(At(i, $"e{i:0000}")));
        merger.Flush();
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => $"e{i:0000}"), Written());
    }

    private static LogEvent At(int milliseconds, string name) => new(Start.AddMilliseconds(milliseconds), "n", "r", "info", name, []);

    private string[] Written() =>
        [.. _output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonLines.Parse(line).Event)];

    private sealed class FullDisk : StringWriter
    {
        public bool HasRoom { get; set; }

        public override void WriteLine(string? value)
        {
            if (!HasRoom)
                throw new IOException("no space left");
            base.WriteLine(value);
        }
    }

    /// <summary>Time that passes only when told to, with the timers that hang on it.</summary>
    private sealed class HandClock : TimeProvider
    {
        private readonly List<HandTimer> _timers = [];
        private DateTimeOffset _now = Start.AddDays(1);

        public override DateTimeOffset GetUtcNow() => _now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _timers.Add(new HandTimer(() => callback(state)));
            return _timers[^1];
        }

        public void Advance(int milliseconds)
        {
            _now = _now.AddMilliseconds(milliseconds);
            foreach (var timer in _timers) timer.Ring();
        }

        private sealed class HandTimer(Action ring) : ITimer
        {
            public void Ring() => ring();

            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose() { }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
