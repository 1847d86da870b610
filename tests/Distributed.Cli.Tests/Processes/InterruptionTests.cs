using Distributed.Cli.Processes;

namespace Distributed.Cli.Tests.Processes;

public class InterruptionTests
{
    [Fact]
    public async Task The_first_signal_asks()
    {
        using var interruption = new Interruption();
        Assert.False(interruption.Requested);
        var asked = new TaskCompletionSource();
        await using var registration = interruption.Token.Register(asked.SetResult);
        var ended = false;
        interruption.AtOnce(() => ended = true);

        interruption.Signal();

        await asked.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.True(interruption.Requested);
        Assert.False(ended);
    }

    [Fact]
    public async Task The_end_of_its_input_tells_a_child_that_its_parent_is_gone()
    {
        var ended = new TaskCompletionSource();
        ParentWatch.Start(new MemoryStream("whatever a person types"u8.ToArray()), ended.SetResult);
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }
}
