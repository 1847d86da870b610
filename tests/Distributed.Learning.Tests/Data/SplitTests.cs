using FsCheck.Xunit;

namespace Distributed.Learning.Tests;

public sealed class SplitTests
{
    [Fact]
    public void Every_fifth_row_is_the_first_of_five()
    {
        var (training, test) = Read(("test-every", 5)).Divide(12);

        Assert.Equal([0, 5, 10], test);
        Assert.Equal([1, 2, 3, 4, 6, 7, 8, 9, 11], training);
    }

    [Fact]
    public void The_last_share_is_at_the_end()
    {
        var (training, test) = Read(("test-last", 0.25)).Divide(8);

        Assert.Equal([0, 1, 2, 3, 4, 5], training);
        Assert.Equal([6, 7], test);
    }

    [Property]
    public void Every_row_is_on_one_side_and_both_have_rows(ushort some, byte percent)
    {
        var rows = some + 2;
        var (training, test) = Read(("test-fraction", (percent % 98 + 1) / 100.0)).Divide(rows);

        Assert.Equal(Enumerable.Range(0, rows), training.Concat(test).Order());
        Assert.NotEmpty(training);
        Assert.NotEmpty(test);
    }

    [Fact]
    public void A_random_share_follows_its_own_seed()
    {
        int[] first = Read(("test-fraction", 0.3)).Divide(100).Test, again = Read(("test-fraction", 0.3)).Divide(100).Test;
        var other = Read(("test-fraction", 0.3), ("split-seed", 2)).Divide(100).Test;

        Assert.Equal(30, first.Length);
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
    }

    [Theory]
    [InlineData("test-fraction", 0.2)]
    [InlineData("test-every", 5)]
    public void A_stratified_split_keeps_the_mixture_of_classes(string key, double value)
    {
        // 90 rows of class 0, then 10 of class 1.
        int[] classes = [.. Enumerable.Repeat(0, 90), .. Enumerable.Repeat(1, 10)];
        var (_, test) = Read((key, value), ("stratified", "yes")).Divide(100, 0, classes);

        Assert.Equal((18, 2), (test.Count(row => classes[row] == 0), test.Count(row => classes[row] == 1)));
    }

    [Fact]
    public void Rows_of_a_test_file_are_the_test()
    {
        var (training, test) = Read(("test-file", "b.csv")).Divide(5, ofTestFile: 2);

        Assert.Equal([0, 1, 2], training);
        Assert.Equal([3, 4], test);
    }

    [Fact]
    public void Two_ways_at_once_and_impossible_ones_are_refused()
    {
        Assert.Contains("got test-every too", Assert.Throws<BadInputException>(() => Read(("test-every", 5), ("test-last", 0.1))).Message);
        Assert.Contains("stratified", Assert.Throws<BadInputException>(() => Read(("test-last", 0.1), ("stratified", "yes"))).Message);
        Assert.Contains("below the data folder", Assert.Throws<BadInputException>(() => Read(("test-file", "../b.csv"))).Message);
    }

    private static Split Read(params (string, object)[] keys) => Split.Read(Examples.Section(keys), Split.Fraction(0.2));
}
