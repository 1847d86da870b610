using Distributed.Cluster.Coordination;
using Distributed.Cluster.Monitoring;
using Distributed.Cluster.Nodes;

namespace Distributed.Cluster.Tests.Nodes;

/// <summary>Events on their way from a node to the coordinator.</summary>
public sealed class EventRelayTests
{
    private readonly SteppedClock clock = new();
    private readonly EventRelay relay;

    public EventRelayTests() => relay = new EventRelay(_ => { }, clock);

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
    public void Of_too_many_the_oldest_are_dropped_and_counted()
    {
        Add(5010);
        var (events, first, dropped) = relay.Take();
        Assert.Equal((10, 10), (first, dropped));
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
        Assert.Equal(0, intake.Known(other, first: 7, count: 3));
        Assert.Equal(3, intake.Known(other, first: 7, count: 3));
        Assert.Equal(1, intake.Known(other, first: 9, count: 4));
        Assert.Equal(13, intake.Next(other));
        // A gap is none of its concern: the node tells of what it dropped.
        Assert.Equal(0, intake.Known(other, first: 20, count: 1));
        intake.Forget(other);
        Assert.Equal(0, intake.Known(other, first: 0, count: 1));
        Assert.Equal(1, intake.Next(other));
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
