using Distributed.Cli.Terminal;

namespace Distributed.Cli.Tests.Terminal;

public class PlainProgressTests
{
    private readonly PlainProgress lines = new();

    [Fact]
    public void Every_phase_before_training_is_told_once()
    {
        Assert.Equal(["preparing: 2 workers, 1 server"], lines.Next(Snapshots.At(0, 0, "preparing")));
        Assert.Empty(lines.Next(Snapshots.At(0, 0.25, "preparing")));
        Assert.Equal(["training: 2 workers, 1 server"], lines.Next(Snapshots.At(0, 0.5)));
    }

    [Fact]
    public void In_training_there_is_a_line_about_every_five_seconds()
    {
        Assert.Single(lines.Next(Snapshots.At(1, 1)));
        Assert.Empty(lines.Next(Snapshots.At(20, 5.9)));
        Assert.Equal(["epoch 1/6  step 21/378  loss 0.0813  9,812 samples/s"], lines.Next(Snapshots.At(21, 6)));
    }

    [Fact]
    public void The_end_of_an_epoch_is_told_at_once_but_not_twice()
    {
        lines.Next(Snapshots.At(62, 1));
        Assert.Single(lines.Next(Snapshots.At(63, 1.1).Tested(0.5, 0.9)));
        Assert.Empty(lines.Next(Snapshots.At(64, 1.2).Tested(0.5, 0.9)));
        Assert.Equal(
            ["epoch 2/6  loss 0.1  test loss 0.4"],
            lines.Next(Snapshots.At(126, 2, "training", "epoch 2/6  loss 0.1  test loss 0.4").Tested(0.4, 0.91)));
    }

    [Fact]
    public void Notices_are_never_left_out() =>
        Assert.Equal(["worker-2 lags", "epoch 1/6  step 5/378  loss 0.0813  9,812 samples/s"], lines.Next(Snapshots.At(5, 0, "training", "worker-2 lags")));
}
