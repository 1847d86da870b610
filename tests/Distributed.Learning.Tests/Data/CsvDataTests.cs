namespace Distributed.Learning.Tests;

public sealed class CsvDataTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Numbers_are_filled_and_standardised_and_categories_become_columns_by_the_training_rows_alone()
    {
        // Every third row, from the first, is for testing.
        folder.Write("t.csv", "size,colour,price\n100,green,50\n1,red,10\n3,blue,30\n,red,20\n,blue,10\n8,red,40\n");
        var (training, test) = Open(("target", "price"), ("task", "regression"), ("test-every", 3), ("missing-indicators", "yes"));
        using (training)
        using (test)
        using (Batch rows = training.Gather([0, 1, 2, 3]), unseen = test.Gather([0, 1]))
        {
            // Training sizes 1, 3, -, 8: the median 3 fills; mean 3.75, variance (7.5625 + 0.5625 · 2 + 18.0625) / 4.
            var deviation = Math.Sqrt((7.5625 + 0.5625 * 2 + 18.0625) / 4);
            Near([(1 - 3.75) / deviation, 0, 0, 1, (3 - 3.75) / deviation, 0, 1, 0, (3 - 3.75) / deviation, 1, 1, 0, (8 - 3.75) / deviation, 0, 0, 1], rows);
            // A colour that training never saw is no colour.
            Near([(100 - 3.75) / deviation, 0, 0, 0, (3 - 3.75) / deviation, 1, 0, 1], unseen);
            // Prices 10, 30, 10, 40.
            Assert.Equal(22.5, training.TargetScale.Offset, 1e-9);
            Assert.Equal([10f, 30, 10, 40], rows.Targets.data<float>().ToArray().Select(v => (float)Math.Round(training.TargetScale.ToUnits(v), 3)));
            Assert.Equal([4L, 1], rows.Targets.shape);
            Assert.Equal((0, 2), (training.Classes, training.Notes.Findings.Count));
            Assert.Contains("size: number from 1 to 8", training.Notes.Findings[0]);
            Assert.Contains("1 missing, filled with the median 3", training.Notes.Findings[0]);
        }
    }

    [Fact]
    public void Classes_are_counted_and_named_in_their_order()
    {
        folder.Write("t.csv", "x,\"the class\",id\n1,10,a\n2,9,b\n3,10,c\n4,10,d\n5,9,e\n");
        var (training, test) = Open(
            ("target", "the class"), ("task", "classification"), ("drop", new object[] { "id" }), ("test-every", 5));
        using (training)
        using (test)
        using (var batch = training.Gather([0, 1, 2, 3]))
        {
            Assert.Equal(["9", "10"], training.Notes.ClassNames);
            Assert.Equal([0L, 1, 1, 0], batch.Targets.data<long>().ToArray());
            Assert.Equal([2L, 2], training.ClassCounts);
            Assert.Equal([1L], training.InputShape);
        }
    }

    [Fact]
    public void A_number_can_be_a_category_and_a_target_can_stay_as_it_is()
    {
        folder.Write("t.csv", "1;5\n2;6\n1;7\n2;8\n");
        var (training, test) = Open(
            ("target", "2"), ("task", "regression"), ("header", "no"), ("separator", ";"), ("categorical", new object[] { "1" }),
            ("standardise-target", "no"), ("test-last", 0.5));
        using (training)
        using (test)
        using (var batch = test.Gather([0, 1]))
        {
            Near([1, 0, 0, 1], batch);
            Assert.Equal([7f, 8], batch.Targets.data<float>().ToArray());
            Assert.Equal(ValueScale.Identity, test.TargetScale);
        }
    }

    [Theory]
    [InlineData("a,y\n1,2\n1,2,3\n", ":3: expected 2 cells, got 3")]
    [InlineData("a,y\n1,2\n1,\n", ":3: column y: expected the target's value, got nothing")]
    [InlineData("a,y\n1,2\n1,Infinity\n", ":3: column y: expected a finite number, got 'Infinity'")]
    [InlineData("a,y\n1,2\n2,x\n", ":3: column y: expected a finite number, got 'x'")]
    [InlineData("a,y\n1,1\n1,1\n1,1\n1,1\n1,1\n1,1\n1,1\n1,1\n1,1\nx,1\n1,1\n", ":11: column a: expected a finite number, got 'x'")]
    [InlineData("a,y\n1,2\n\"b\"c,3\n", ":3: expected quotes around a whole cell")]
    [InlineData("a,a,y\n1,1,2\n", ":1: expected different names of columns, got 'a' twice")]
    [InlineData("a,,y\n1,1,2\n", ":1: expected a name for each column, got none for column 2")]
    [InlineData("a,Y\n1,2\n", "expected a column 'y'; did you mean 'Y'?; there are a, Y")]
    [InlineData("y\n2\n3\n", "expected a column besides the target")]
    [InlineData("a,y\n1,2\n", "expected rows to train on and to test on")]
    [InlineData("a,y\n?,2\n,3\nNA,4\n", "column a: expected 1 to 50 categories, got 0; name the column in drop")]
    [InlineData("", "expected a table, got an empty file")]
    public void What_is_wrong_is_named_with_file_line_and_column(string text, string expected)
    {
        var file = folder.Write("t.csv", text);

        var message = Assert.Throws<BadInputException>(() => Open(("target", "y"), ("task", "regression"))).Message;

        Assert.StartsWith(file, message);
        Assert.Contains(expected, message);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Bad_rows_can_be_skipped_and_are_counted()
    {
        folder.Write("t.csv", "a,y\n1,2\n1,2,3\n2,\n2,x\n3,4\n");
        var (training, test) = Open(("target", "y"), ("task", "regression"), ("on-bad-row", "skip"), ("test-every", 2));
        using (training)
        using (test) Assert.Equal((1, 1, 3), (training.Count, test.Count, training.Notes.SkippedRows));
        Assert.Matches("t\\.csv:3: expected 2 cells.*", training.Notes.FirstSkippedRow);
    }

    [Fact]
    public void Another_file_can_be_the_test()
    {
        folder.Write("t.csv", "a,y\n1,u\n2,v\n");
        folder.Write("good.csv", "a,y\n5,v\n");
        folder.Write("label.csv", "a,y\n5,w\n");
        folder.Write("columns.csv", "b,y\n5,v\n");
        var (training, test) = Open(("target", "y"), ("task", "classification"), ("test-file", "good.csv"));
        using (training)
        using (test) Assert.Equal((2, 1), (training.Count, test.Count));

        Assert.Contains("label.csv:2: column y: expected a class of the training set (u, v), got 'w'", Refused("label.csv"));
        Assert.Contains("columns.csv: expected the columns of t.csv (a, y), got b, y", Refused("columns.csv"));

        string Refused(string name) =>
            Assert.Throws<BadInputException>(() => Open(("target", "y"), ("task", "classification"), ("test-file", name))).Message;
    }

    [SampleDataFact("housing")]
    public void California_housing_is_13_numbers_wide()
    {
        var spec = DataSpec.Read(Examples.Section(
            ("format", "csv"), ("file", "housing/housing.csv"), ("target", "median_house_value"), ("task", "regression"), ("test-every", 5)));
        var (training, test) = spec.Open(SampleData.Folder!, 1);
        using (training)
        using (test)
        {
            Assert.Equal((16512, 4128), (training.Count, test.Count));
            Assert.Equal([13L], training.InputShape);
            Assert.InRange(training.TargetScale.Offset, 200_000, 215_000);
        }
    }

    [SampleDataFact("titanic")]
    public void Titanic_is_13_numbers_wide()
    {
        var spec = DataSpec.Read(Examples.Section(
            ("format", "csv"), ("file", "titanic/titanic.csv"), ("target", "Survived"), ("task", "classification"), ("missing-indicators", "yes"),
            ("drop", new object[] { "PassengerId", "Name", "Ticket", "Cabin" }), ("categorical", new object[] { "Pclass" }), ("test-every", 5)));
        var (training, test) = spec.Open(SampleData.Folder!, 1);
        using (training)
        using (test)
        {
            Assert.Equal((891, 2), (training.Count + test.Count, training.Classes));
            Assert.Equal([13L], training.InputShape);
        }
    }

    private (IDataSet Training, IDataSet Test) Open(params (string, object)[] keys) =>
        DataSpec.Read(Examples.Section([("format", "csv"), ("file", "t.csv"), .. keys])).Open(folder.Path, 1);

    private static void Near(double[] expected, Batch batch)
    {
        var actual = batch.Inputs.data<float>().ToArray();
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }
}
