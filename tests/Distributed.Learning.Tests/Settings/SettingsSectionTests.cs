namespace Distributed.Learning.Tests;

public class SettingsSectionTests
{
    private static string Error(Action action) => Assert.Throws<BadInputException>(action).Message;

    private static SettingsSection Optimizer(params (string, object)[] members) =>
        Examples.Section(("optimizer", members)).Section("optimizer");

    [Theory]
    [InlineData("fast")]
    [InlineData("0")]
    [InlineData("nan")]
    [InlineData("Infinity")]
    [InlineData("")]
    public void A_number_out_of_range_is_named_with_file_key_and_range(string text) =>
        Assert.Equal($"job.hocon: optimizer.learning-rate: expected a number above 0, got '{text}'",
            Error(() => Optimizer(("learning-rate", text)).Number("learning-rate", null, double.Epsilon)));

    [Fact]
    public void Ranges_are_described()
    {
        var section = Examples.Section(("n", "x"));
        Assert.EndsWith("expected a whole number from 1 to 8, got 'x'", Error(() => section.Integer("n", null, 1, 8)));
        Assert.EndsWith("expected a whole number of at least 1, got 'x'", Error(() => section.Integer("n", null, 1)));
        Assert.EndsWith("expected a whole number, got 'x'", Error(() => section.LongInteger("n")));
        Assert.EndsWith("expected a number of at least 0 and at most 1, got 'x'", Error(() => section.Number("n", null, 0, 1)));
        Assert.EndsWith("expected a number, got 'x'", Error(() => section.Number("n")));
        Assert.EndsWith("expected true or false, got 'x'", Error(() => section.Flag("n")));
        Assert.EndsWith("expected a section { … }, got 'x'", Error(() => section.Section("n")));
        Assert.EndsWith("expected a list of texts [ … ], got 'x'", Error(() => section.Texts("n")));
    }

    [Fact]
    public void Values_are_read()
    {
        var section = Examples.Section(("i", "-3"), ("l", "9000000000"), ("d", "1e-3"), ("f", "on"), ("t", "a b"),
            ("is", new object[] { 1, 2 }), ("ts", new object[] { "x", "y" }));
        Assert.Equal(-3, section.Integer("i"));
        Assert.Equal(9000000000, section.LongInteger("l"));
        Assert.Equal(0.001, section.Number("d"));
        Assert.True(section.Flag("f"));
        Assert.Equal("a b", section.Text("t"));
        Assert.Equal([1L, 2L], section.Integers("is"));
        Assert.Equal(["x", "y"], section.Texts("ts"));
        section.RejectUnknownKeys();
    }

    [Fact]
    public void Fallbacks_hold_for_absent_keys_alone()
    {
        var section = Examples.Section();
        Assert.Equal(5, section.Integer("i", 5, 1, 3));
        Assert.Equal([7L], section.Integers("is", [7]));
        Assert.False(section.Flag("f", false));
        Assert.Null(section.OptionalSection("s"));
        Assert.Equal("job.hocon: i: missing; expected a whole number", Error(() => section.Integer("i")));
    }

    [Fact]
    public void An_unknown_key_is_named_with_the_nearest_known_one()
    {
        var section = Optimizer(("type", "sgd"), ("learning-rate", 1), ("momentun", 0.9));
        Assert.Equal("job.hocon: optimizer.momentun: unknown key; did you mean 'momentum'?", Error(() => OptimizerSpec.Read(section)));
        var far = Examples.Section(("zzzzzzz", 1));
        far.Has("batch");
        far.Has("epochs");
        Assert.Equal("job.hocon: zzzzzzz: unknown key; known here: batch, epochs", Error(far.RejectUnknownKeys));
    }

    [Fact]
    public void A_missing_key_is_named_with_the_mistyped_one() =>
        Assert.Equal("job.hocon: optimizer.learning-rate: missing; expected a number above 0; is 'lerning-rate' mistyped?",
            Error(() => OptimizerSpec.Read(Optimizer(("type", "sgd"), ("lerning-rate", 1)))));

    [Fact]
    public void A_mistyped_word_is_named_with_the_nearest_allowed_one() =>
        Assert.Equal("job.hocon: optimizer.type: expected one of sgd, adagrad, rmsprop, adam, adamw, nadam, radam, lion, lamb, lars, got 'adma'; did you mean 'adam'?",
            Error(() => OptimizerSpec.Read(Optimizer(("type", "adma"), ("learning-rate", 1)))));

    [Fact]
    public void A_bare_word_in_a_list_of_sections_is_a_type()
    {
        var sections = Examples.Section(("layers", new object[] { "relu", Examples.Setting(new (string, object)[] { ("type", "x"), ("k", "y") }) }))
            .Sections("layers");
        Assert.Equal("relu", sections[0].Text("type"));
        Assert.Equal("job.hocon: layers[1].k: expected a whole number, got 'y'", Error(() => sections[1].Integer("k")));
    }

    [Theory]
    [InlineData("kernal", "kernel")]
    [InlineData("KERNEL", "kernel")]
    [InlineData("kerenl", "kernel")]
    [InlineData("outt", "out")]
    [InlineData("something", null)]
    public void The_nearest_name_is_found(string name, string? nearest) => Assert.Equal(nearest, NearestName.Find(name, ["out", "kernel", "stride"]));

    [Fact]
    public void Numbers_are_a_list_or_a_single_one()
    {
        var section = Examples.Section(("mean", new object[] { 0.1, 0.2 }), ("std", 0.5), ("bad", new object[] { 0.1, "x" }));

        Assert.Equal([0.1, 0.2], section.Numbers("mean", null, 0, 1));
        Assert.Equal([0.5], section.Numbers("std", null, 0, 1));
        Assert.Equal([7.0], section.Numbers("absent", [7], 0, 1));
        Assert.Contains(
            "bad[1]: expected a number of at least 0 and at most 1, got 'x'",
            Assert.Throws<BadInputException>(() => section.Numbers("bad", null, 0, 1)).Message);
    }
}
