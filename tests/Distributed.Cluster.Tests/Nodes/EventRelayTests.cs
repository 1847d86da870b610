using Distributed.Cluster.Coordination;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Monitoring.Logs;
using Distributed.Cluster.Nodes;

namespace Distributed.Cluster.Tests.Nodes;

/// <summary>Events on their way from a node to the coordinator.</summary>
public sealed class EventRelayTests
{
    private readonly SteppedClock clock = new();
    private readonly EventRelay relay;

    public EventRelayTests() => relay = new EventRelay(_ => { }, clock: clock);

    [Fact]
    public void Events_leave_in_order_and_once()
    {
        Add(100);
        Assert.Equal(Enumerable.Range(0, 40), Next());
        Assert.Equal(Enumerable.Range(40, 40), Next());
        Assert.Equal(Enumerable.Range(80, 20), Next());
        Assert.Empty(Next());
    }

    [Fact]
    public void What_nobody_answers_is_sent_again_and_what_was_taken_is_not()
    {
        Add(60);
        Next();
        Next();
        relay.Taken(40);
        clock.Advance(EventRelay.AnswerWithin + TimeSpan.FromSeconds(1));
        Add(1);
        Assert.Equal([.. Enumerable.Range(40, 20), 0], Next());
    }

    [Fact]
    public void An_answer_in_time_sends_nothing_again()
    {
        Add(3);
        Next();
        relay.Taken(3);
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Empty(Next());
    }

    [Fact]
    public void It_is_idle_until_the_next_event_once_all_was_answered()
    {
        var woken = 0;
        Add(1);
        Assert.False(relay.IsIdle(() => woken++));
        Next();
        Assert.False(relay.IsIdle(() => woken++));
        relay.Taken(1);
        Assert.True(relay.IsIdle(() => woken++));
        Assert.Equal(0, woken);
        Add(2);
        Assert.Equal(1, woken);
    }

    [Fact]
    public void Of_too_many_the_oldest_are_dropped_and_counted()
    {
        Add(5010);
        var (events, first, oldest, dropped) = relay.Take();
        Assert.Equal((10, 10, 10), (first, oldest, dropped));
        Assert.Equal("10", events[0].Fields[0].Value);
        Assert.Equal(0, relay.Take().Dropped);
    }

    [Fact]
    public void A_very_long_field_is_cut_on_its_way_and_not_in_the_nodes_own_output()
    {
        LogEvent? printed = null;
        var other = new EventRelay(entry => printed = entry);
        other.Add(new LogEvent(default, "n", "r", "info", "e", [new LogField("text", new string('x', 5000))]));
        Assert.Equal(5000, printed!.Fields[0].Value.Length);
        Assert.Equal(4001, other.Take().Events[0].Fields[0].Value.Length);
    }

    [Fact]
    public void Batches_that_come_twice_or_overlap_count_once()
    {
        var intake = new EventIntake();
        var other = Akka.Actor.ActorRefs.Nobody;
        Assert.Equal(0, intake.Known(other, first: 7, count: 3, oldest: 7));
        Assert.Equal(3, intake.Known(other, first: 7, count: 3, oldest: 7));
        Assert.Equal(1, intake.Known(other, first: 9, count: 4, oldest: 7));
        // A gap is none of its concern where the node has dropped what was there, and tells so.
        Assert.Equal(0, intake.Known(other, first: 20, count: 1, oldest: 20));
        intake.Forget(other);
        Assert.Equal(0, intake.Known(other, first: 0, count: 1, oldest: 0));
    }

    [Fact]
    public void What_overtakes_earlier_events_is_not_taken_before_them()
    {
        var intake = new EventIntake();
        var other = Akka.Actor.ActorRefs.Nobody;
        // The node has sent 4 to 9 to a coordinator that is gone.
        Assert.Equal(2, intake.Known(other, first: 10, count: 2, oldest: 4));
        Assert.Equal(0, intake.Known(other, first: 4, count: 6, oldest: 4));
        Assert.Equal(0, intake.Known(other, first: 10, count: 2, oldest: 4));
    }

    [Fact]
    public void Events_are_answered_for_when_the_log_has_them()
    {
        var intake = new EventIntake();
        var other = Akka.Actor.ActorRefs.Nobody;
        intake.Known(other, first: 0, count: 3, oldest: 0);
        intake.Hold(other, place: 3);
        intake.Known(other, first: 3, count: 2, oldest: 0);
        intake.Hold(other, place: 5);
        Assert.Empty(intake.Written(place: 2));
        Assert.Null(intake.Answered(other));
        Assert.Equal(3, Assert.Single(intake.Written(place: 4)).Before);
        Assert.Equal(3, intake.Answered(other));
        Assert.Equal(5, Assert.Single(intake.Written(place: 5)).Before);
    }

    [Fact]
    public void A_coordinators_successor_is_sent_what_the_former_one_held_back_and_writes_it_once()
    {
        var (time, node) = (DateTimeOffset.UnixEpoch, Akka.Actor.ActorRefs.Nobody);
        using var folder = new TemporaryFolder();
        // Of six events the former coordinator wrote three and answered for two of them; two more it held back, and one was on its way.
        for (var i = 0; i < 6; i++)
            relay.Add(new LogEvent(time.AddSeconds(i), "n", "r", "info", "e", [new LogField("i", $"{i}")]));
        var sent = relay.Take().Events;
        File.WriteAllLines(folder["cluster.log"], sent[..3].Select(JsonLines.Format));
        relay.Taken(2);
        relay.Add(new LogEvent(time.AddSeconds(6), "n", "r", "info", "e", [new LogField("i", "6")]));

        var (intake, logged) = (new EventIntake(), new LoggedLines(folder.Path));
        var lines = new List<string>();
        // A batch of which the node does not know yet that it goes to another coordinator; then all again.
        Receive(relay.Take());
        relay.SendAgain();
        Receive(relay.Take());
        Assert.Equal(["3", "4", "5", "6"], lines);

        void Receive((LogEvent[] Events, long First, long Oldest, long Dropped) batch)
        {
            foreach (var entry in batch.Events.Skip(intake.Known(node, batch.First, batch.Events.Length, batch.Oldest)))
                if (!logged.Take(entry))
                    lines.Add(entry.Fields[0].Value);
        }
    }

    private void Add(int count)
    {
        for (var i = 0; i < count; i++)
            relay.Add(new LogEvent(default, "n", "r", "info", "e", [new LogField("i", $"{i}")]));
    }

    private IEnumerable<int> Next() => relay.Take().Events.Select(entry => int.Parse(entry.Fields[0].Value, System.Globalization.CultureInfo.InvariantCulture));

    private sealed class SteppedClock : TimeProvider
    {
        private long ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => ticks;

        public void Advance(TimeSpan time) => ticks += time.Ticks;
    }
}
