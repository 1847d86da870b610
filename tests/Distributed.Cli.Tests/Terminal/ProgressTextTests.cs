using Distributed.Cli.Terminal;

namespace Distributed.Cli.Tests.Terminal;

public class ProgressTextTests
{
    [Fact]
    public void A_line_says_epoch_step_loss_and_rate_and_the_test_once_there_is_one()
    {
        Assert.Equal("epoch 3/6  step 126/378  loss 0.0813  9,812 samples/s", ProgressText.Line(Snapshots.At(126)));
        Assert.Equal(
            "epoch 3/6  step 126/378  loss 0.0813  test loss 0.0512  accuracy 98.1 %  9,812 samples/s",
            ProgressText.Line(Snapshots.At(126).Tested(0.0512, 0.981)));
    }

    [Fact]
    public void Before_the_first_step_it_says_the_phase_and_who_is_there()
    {
        var before = Snapshots.At(0, phase: "preparing");
        Assert.Equal("preparing: 2 workers, 1 server", ProgressText.Line(before));
        Assert.Equal("gathering nodes", ProgressText.Line(before with { Phase = "gathering nodes", Workers = [], Servers = [] }));
    }

    [Fact]
    public void The_time_left_follows_from_the_pace_since_the_first_step()
    {
        var first = Snapshots.At(10, seconds: 20);
        Assert.Equal(268 * 0.2, ProgressText.SecondsLeft(Snapshots.At(110, seconds: 40), first)!.Value, 6);
        Assert.Null(ProgressText.SecondsLeft(first, first));
        Assert.Equal(0, ProgressText.SecondsLeft(Snapshots.At(378, seconds: 40), first));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(63, 0)]
    [InlineData(84, 21 / 63.0)]
    [InlineData(378, 0)]
    public void The_share_of_an_epoch_is_that_of_its_steps(long step, double share) =>
        Assert.Equal(share, ProgressText.EpochShare(Snapshots.At(step)), 9);

    [Fact]
    public void After_the_last_step_the_last_epoch_is_whole() => Assert.Equal(1, ProgressText.EpochShare(Snapshots.At(378) with { Epoch = 6 }));
}
