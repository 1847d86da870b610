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
}
