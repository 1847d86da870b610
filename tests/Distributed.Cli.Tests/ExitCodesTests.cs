using System.Reflection;
using Distributed.Learning;

namespace Distributed.Cli.Tests;

public class ExitCodesTests
{
    public static TheoryData<Exception, int, string> Failures => new()
    {
        { new BadInputException("job.hocon: batch: too small"), ExitCodes.BadInput, "trainer: job.hocon: batch: too small" },
        { new AggregateException(new BadInputException("wrong")), ExitCodes.BadInput, "trainer: wrong" },
        { new InvalidOperationException("outer", new BadInputException("wrong")), ExitCodes.BadInput, "trainer: wrong" },
        { new TargetInvocationException(new IOException("disk full")), ExitCodes.Failed, "trainer: disk full" },
        { new AggregateException(new TimeoutException("first"), new IOException("second")), ExitCodes.Failed, "trainer: first" },
        { new InvalidOperationException("mine", new IOException("theirs")), ExitCodes.Failed, "trainer: InvalidOperationException: mine" },
        { new IndexOutOfRangeException("bounds"), ExitCodes.Failed, "trainer: IndexOutOfRangeException: bounds" },
        { new IOException("line one\r\n   line two\n"), ExitCodes.Failed, "trainer: line one line two" },
    };

    [Theory, MemberData(nameof(Failures))]
    public void A_failure_is_its_root_cause_on_one_line(Exception exception, int code, string line)
    {
        using var error = new StringWriter();
        Assert.Equal(code, ExitCodes.Report(exception, interrupted: false, verbose: false, error));
        Assert.Equal(line + Environment.NewLine, error.ToString());
    }

    [Fact]
    public void An_interrupted_command_ends_with_130_and_no_word()
    {
        using var error = new StringWriter();
        Assert.Equal(ExitCodes.Interrupted, ExitCodes.Report(new OperationCanceledException(), interrupted: true, verbose: true, error));
        Assert.Empty(error.ToString());
        Assert.Equal(ExitCodes.Failed, ExitCodes.Report(new OperationCanceledException(), interrupted: false, verbose: false, error));
    }

    [Theory]
    [InlineData(true, 2)]
    [InlineData(false, 1)]
    public void Verbose_tells_where_a_failure_happened_but_bad_input_needs_no_stack(bool failure, int leastLines)
    {
        using var error = new StringWriter();
        Exception exception = failure ? new IOException("disk full") : new BadInputException("wrong");
        ExitCodes.Report(exception, interrupted: false, verbose: true, error);
        Assert.Equal(leastLines, error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }
}
