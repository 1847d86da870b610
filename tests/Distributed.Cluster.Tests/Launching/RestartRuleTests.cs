using Distributed.Cluster.Launching;

namespace Distributed.Cluster.Tests.Launching;

public sealed class RestartRuleTests
{
    [Fact]
    public void A_child_that_ends_again_and_again_with_no_new_step_is_given_up()
    {
        var rule = new RestartRule();
        rule.Observe(7);
        Assert.True(rule.Ended("worker-1"));
        Assert.True(rule.Ended("worker-2"));
        rule.Observe(3);
        Assert.True(rule.Ended("worker-1"));
        rule.Observe(7);
        Assert.False(rule.Ended("worker-1"));
        rule.Observe(8);
        Assert.True(rule.Ended("worker-1"));
    }
}
