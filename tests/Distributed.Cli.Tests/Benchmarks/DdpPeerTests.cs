using Distributed.Cli.Benchmarks.Peers;
using Distributed.Learning;

namespace Distributed.Cli.Tests.Benchmarks;

public class DdpPeerTests
{
    [Fact]
    public void The_median_is_read_from_the_scripts_line() =>
        Assert.Equal(5.31, DdpPeer.Median("a warning\nmlp world=2 params=535818 step_ms min=5.10 med=5.31 samples_per_s=24105\n"));

    [Theory]
    [InlineData("")]
    [InlineData("step_ms min=5.10")]
    [InlineData("step_ms min=nan med=nan")]
    public void Another_output_is_no_measurement(string output) => Assert.Null(DdpPeer.Median(output));

    [Fact]
    public void A_script_that_the_user_named_must_exist() => Assert.Equal(
        "--peer-script /nowhere/ddp.py: no such file", Assert.Throws<BadInputException>(() => DdpPeer.Find("/nowhere/ddp.py", out _)).Message);
}
