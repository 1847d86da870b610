using Distributed.Cluster.Protocol;

namespace Distributed.Cluster.Monitoring;

/// <summary>One event of one node, as it is written to a run's log and sent to the coordinator.</summary>
/// <param name="Time">When it happened, by the clock of its node.</param>
/// <param name="Node">Where it happened, such as <c>worker-1</c>.</param>
/// <param name="Role">What that node does: coordinator, server, worker.</param>
/// <param name="Level">debug, info, warning or error.</param>
/// <param name="Event">The event's stable name, such as <c>worker-joined</c>.</param>
/// <param name="Fields">What belongs to it, in the order in which the event names it.</param>
internal sealed record LogEvent(DateTimeOffset Time, string Node, string Role, string Level, string Event, LogField[] Fields) : IControlMessage;

/// <summary>One named value of an event.</summary>
/// <param name="Name">The field's name.</param>
/// <param name="Value">Its value as text; numbers and times in the invariant culture.</param>
internal sealed record LogField(string Name, string Value);
