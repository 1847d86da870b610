using Distributed.Cluster.Launching;

namespace Distributed.Cluster.Tests.Launching;

public class ParentWatchTests
{
    [Fact]
    public async Task The_end_of_its_input_tells_a_child_that_its_parent_is_gone()
    {
        var ended = new TaskCompletionSource();
        ParentWatch.Start(new MemoryStream("whatever a person types"u8.ToArray()), ended.SetResult);
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }
}
