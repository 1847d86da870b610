using Distributed.Cluster.Ledgers;
using Distributed.Learning;

namespace Distributed.Cluster.Tests.Ledgers;

public sealed class LedgerTests : IDisposable
{
    private const int Epochs = 3;
    private const int Steps = 9;

    // 10 samples in batches of 4: three steps an epoch, the last one of 2 samples.
    private static readonly SlotSampler Sampler = new(10, 4, 2, 7);

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_whole_run_is_proved_epoch_by_epoch()
    {
        Write(0, 9);
        var audit = LedgerAudit.Of(folder.Path, Steps);
        Assert.Empty(audit.Problems);
        Assert.Equal([1, 2, 3], Enumerable.Range(1, Epochs).Where(epoch => audit.Epochs.Contains($"epoch {epoch}: 10 samples, each counted once")));
        Assert.Equal(10, File.ReadAllLines(LedgerFile.Of(folder.Path)).Length);
    }

    [Fact]
    public void Steps_that_are_made_again_after_a_resumption_count_once()
    {
        Write(0, 8);
        // As by a process that was killed in the middle of a line.
        File.AppendAllText(LedgerFile.Of(folder.Path), "8 2 ");
        Assert.Equal(1, Write(5, 6));
        Assert.Equal(2, Write(4, 9));
        Assert.Empty(LedgerAudit.Of(folder.Path, Steps).Problems);
    }

    [Fact]
    public void A_resumption_voids_the_later_steps_of_the_part_before()
    {
        Write(0, 9);
        Write(4, 5);
        var audit = LedgerAudit.Of(folder.Path, null);
        Assert.Empty(audit.Problems);
        Assert.Equal(["epoch 1: 10 samples, each counted once", "epoch 2: 8 of 10 samples, each counted once"], audit.Epochs);
        Assert.Equal(2, LedgerAudit.Of(folder.Path, Steps).Problems.Count);
    }

    [Theory]
    [InlineData("4 1 4 2,2", "", "4 samples not counted")]
    [InlineData("4 1 4 2,2", "4 1 4 2,1", "1 samples not counted")]
    [InlineData("4 1 4 2,2", "4 1 3 2,2", "1 samples counted more than once")]
    [InlineData("4 1 4 2,2", "4 0 4 2,2", "step 4 is recorded with 4 samples from position 4 of epoch 1")]
    [InlineData("4 1 4 2,2", "4 1 8 2,2", "step 4 is recorded with 4 samples from position 8 of epoch 2")]
    public void What_was_not_counted_exactly_once_is_said(string line, string instead, string problem)
    {
        Write(0, 9);
        var file = LedgerFile.Of(folder.Path);
        var text = File.ReadAllText(file);
        Assert.Contains(line + "\n", text, StringComparison.Ordinal);
        File.WriteAllText(file, text.Replace(line + "\n", instead.Length == 0 ? "" : instead + "\n", StringComparison.Ordinal));
        var audit = LedgerAudit.Of(folder.Path, Steps);
        Assert.StartsWith("epoch 2: ", Assert.Single(audit.Problems), StringComparison.Ordinal);
        Assert.Contains(problem, audit.Problems[0], StringComparison.Ordinal);
        Assert.Equal(2, audit.Epochs.Count);
    }

    [Theory]
    [InlineData("nonsense\n1 0 4 2,2\n", 2)]
    [InlineData("0 0 0 2,-2\n1 0 4 2,2\n", 2)]
    [InlineData("0 0 0 2,2\nx\n\n1 0 4 2,2\n", 3)]
    public void A_line_that_is_no_step_is_refused_unless_a_part_ends_there(string lines, int number)
    {
        Write(0, 0);
        File.AppendAllText(LedgerFile.Of(folder.Path), lines);
        Assert.Contains($"steps.txt:{number}: expected a step", Assert.Throws<BadInputException>(() => LedgerAudit.Of(folder.Path, null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_does_not_go_on_with_other_data()
    {
        Write(0, 4);
        Assert.Contains("is it the same data?", Assert.Throws<BadInputException>(
            () => new LedgerWriter(folder.Path, 2, new SlotSampler(11, 4, 2, 7), 7)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_ledger_there_is_nothing_to_audit() =>
        Assert.Contains("there is no ledger", Assert.Throws<BadInputException>(() => LedgerAudit.Of(folder.Path, null)).Message, StringComparison.Ordinal);

    /// <summary>Writes the steps [from, to) of a part of the run; returns how often the run was resumed.</summary>
    private int Write(long from, long to)
    {
        using var ledger = new LedgerWriter(folder.Path, from, Sampler, 7);
        for (var step = from; step < to; step++)
            ledger.Add(step, $"{Sampler.SamplesOf(step, 0)},{Sampler.SamplesOf(step, 1)}");
        ledger.FlushToDisk();
        return ledger.Restarts;
    }
}
