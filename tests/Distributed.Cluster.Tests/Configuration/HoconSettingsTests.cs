using Distributed.Cluster.Configuration;
using Distributed.Learning;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Distributed.Cluster.Tests.Configuration;

public sealed class HoconSettingsTests
{
    [Theory]
    [InlineData("a = 1\nb.c = 2, b.d=3\nb { e = x }", "{a:1,b:{c:2,d:3,e:x}}")]
    [InlineData("{ \"a\" : 1, \"b\" : [1,2,{\"c\":3}] }", "{a:1,b:[1,2,{c:3}]}")]
    [InlineData("\"a.b\" = 1\na.b=2", "{a.b:1,a:{b:2}}")]
    [InlineData("l = [ { type = conv2d, out = 32 }, relu, { type = max-pool }, flatten ]", "{l:[{type:conv2d,out:32},relu,{type:max-pool},flatten]}")]
    [InlineData("l = [\n {type = conv2d}\n relu # why\n\n flatten\n]", "{l:[{type:conv2d},relu,flatten]}")]
    [InlineData("l = [ relu, [1,2], [], {}, \"\" ]", "{l:[relu,[1,2],[],{},]}")]
    [InlineData("a = 1\na = 2", "{a:2}")]
    [InlineData("a={x=1,y=1}\nb=0\na={y=2}", "{a:{x:1,y:2},b:0}")]
    [InlineData("a = foo  bar baz   # comment", "{a:foo  bar baz}")]
    [InlineData("a = \"q\"  \"r\"", "{a:q  r}")]
    [InlineData("a = 0.5\nb=-1e-3\nc=30s\nd = 50 %\ne=1.5e+3", "{a:0.5,b:-1e-3,c:30s,d:50 %,e:1.5e+3}")]
    [InlineData("a = \"http://foo\" // c\n# d\nb=/data/x y", "{a:http://foo,b:/data/x y}")]
    [InlineData("a = \"x\\ny \\\"z\\\" \\\\ \\u0041 #\"", "{a:x\ny \"z\" \\ A #}")]
    [InlineData("a = \"\"\"two\nlines \"here\" \"\"\"", "{a:two\nlines \"here\" }")]
    [InlineData("a = \"\"\"x\"\"\"\"", "{a:x\"}")]
    [InlineData("x=3\na = ${x}\nb = ${?nope}\nc = ${x}/${x} ${?nope} end", "{x:3,a:3,c:3/3 end}")]
    [InlineData("base={x=1,y=2}\na = ${base} { y = 3 }", "{base:{x:1,y:2},a:{x:1,y:3}}")]
    [InlineData("base={x={z=1}}\na = ${base}\na { y = 3 }\nb = ${a.x.z}${a.y}", "{base:{x:{z:1}},a:{x:{z:1},y:3},b:13}")]
    [InlineData("a = [1]\nb = ${a} [2]\na += 3", "{a:[1,3],b:[1,3,2]}")]
    [InlineData("a = x\na = ${a}y\na = ${?a}z", "{a:xyz}")]
    [InlineData("a += 1\nb.c = [0]\nb.c = ${b.c} [1]", "{a:[1],b:{c:[0,1]}}")]
    [InlineData("a = null\nb = \"null\"\nc = 1\nc = null", "{b:null}")]
    [InlineData("a = [1,2,]", "{a:[1,2]}")]
    [InlineData("a = {}\nb = []", "{a:{},b:[]}")]
    [InlineData("", "{}")]
    [InlineData("# only a comment", "{}")]
    [InlineData("\uFEFFa = 1\r\nb = 2 \r\n", "{a:1,b:2}")]
    public void A_text_means_what_HOCON_says(string text, string expected) => Assert.Equal(expected, Show(HoconSettings.Parse("f", text, [])));

    [Theory]
    [InlineData("a = { b = 1", "f: line 1: the section opened in line 1 is not closed: expected '}'")]
    [InlineData("a = 1\nb = [1,\n2", "f: line 3: the list opened in line 2 is not closed: expected ']'")]
    [InlineData("a = 1\n\nb = \"open\nc = 2", "f: line 3: this quoted text has no closing '\"' in its line")]
    [InlineData("a", "f: line 1: expected '=' or '{' after the key 'a', got the end of the text")]
    [InlineData("key with space = 1", "f: line 1: expected '=' or '{' after the key 'key', got 'w'")]
    [InlineData("= 3", "f: line 1: expected a key, got '='")]
    [InlineData("a = 1\n}", "f: line 2: expected a key, got '}'")]
    [InlineData("a =", "f: line 1: expected a value, got the end of the text")]
    [InlineData("a = [1,,2]", "f: line 1: expected a value, got ','")]
    [InlineData("a = http://x", "f: line 1: unexpected ':' in a value: put the value in quotes, or begin a new line")]
    [InlineData("a = 1 b = 2", "f: line 1: unexpected '=' in a value: put the value in quotes, or begin a new line")]
    [InlineData("a = $x", "f: line 1: '$' must be followed by '{'; put text that holds it in quotes")]
    [InlineData("a = 1\nb = ${nope}", "f: line 2: ${nope} names no value of this file")]
    [InlineData("a = ${b}\nb = ${a}", "f: line 1: ${b} goes in a circle")]
    [InlineData("a = ${a}", "f: line 1: 'a' refers to itself and has no earlier value")]
    [InlineData("a = { x = 1 } relu", "f: line 1: a section and a text stand side by side; a comma or a new line is missing")]
    [InlineData("a = \"\\\n\"", "f: line 1: a backslash at the end of a line is no escape in quoted text: write '\\\\' for a backslash")]
    [InlineData("a = \"\\q\"", "f: line 1: '\\q' is no escape in quoted text: write '\\\\' for a backslash")]
    [InlineData("include \"other\"", "f: line 1: 'include' is not understood: write the settings into this file")]
    public void A_malformed_text_is_refused_with_its_line(string text, string message) =>
        Assert.Equal(message, Assert.Throws<BadInputException>(() => HoconSettings.Parse("f", text, [])).Message);

    [Theory]
    [InlineData("[")]
    [InlineData("{a=")]
    public void Endless_nesting_is_refused_and_does_not_end_the_process(string opening)
    {
        var text = "a = " + string.Concat(Enumerable.Repeat(opening, 100_000));
        Assert.Equal("f: line 1: nested more than 64 deep", Assert.Throws<BadInputException>(() => HoconSettings.Parse("f", text, [])).Message);
    }

    [Fact]
    public void Substitutions_that_multiply_are_refused()
    {
        var text = "a0 = x\n" + string.Join('\n', Enumerable.Range(1, 60).Select(i => $"a{i} = ${{a{i - 1}}}${{a{i - 1}}}"));
        Assert.Contains("substitutions make more than", Assert.Throws<BadInputException>(() => HoconSettings.Parse("f", text, [])).Message);
    }

    [Fact]
    public void Overrides_are_laid_over_the_text_before_substitutions_are_filled_in()
    {
        var settings = HoconSettings.Parse(
            "f", "{ workers = 2, slots = ${workers}, model { a = 1, b = 2 } }", ["workers=4", "model.b = [x, y]", "optimizer.type=adam", "workers=8"]);
        Assert.Equal("{workers:8,slots:8,model:{a:1,b:[x,y]},optimizer:{type:adam}}", Show(settings));
    }

    [Theory]
    [InlineData("workers", "--set workers: expected path=value")]
    [InlineData("=4", "--set =4: expected path=value")]
    [InlineData("a=[1", "--set a=[1: line 1: the list opened in line 1 is not closed: expected ']'")]
    public void A_malformed_override_is_named(string set, string message) =>
        Assert.Equal(message, Assert.Throws<BadInputException>(() => HoconSettings.Parse("f", "a = 1", [set])).Message);

    [Property(MaxTest = 300)]
    public Property What_is_rendered_is_read_back_the_same() => Prop.ForAll(Trees, tree =>
        Show(HoconSettings.Parse("f", HoconSettings.Render(tree), [])) == Show(tree));

    [Property(MaxTest = 100)]
    public Property Rendering_has_one_form() => Prop.ForAll(Trees, tree =>
    {
        var text = HoconSettings.Render(tree);
        return HoconSettings.Render(HoconSettings.Parse("f", text, [])) == text;
    });

    private static Arbitrary<SettingObject> Trees => Arb.From(Gen.Sized(size => Section(Math.Min(size, 12))));

    // Keys and texts of every kind: plain, empty, with dots, quotes, brackets, comments, line ends, words with a meaning.
    private static Gen<string> Words => Gen.OneOf(
        Gen.Elements("a", "b.c", "conv2d", "0.5", "-1e-3", "null", "include", "", " ", "${x}", "//", "# no", "a\"b", "x\\y", "[1]", "é😀", "\u0001", "two\nlines\r\n\t", "+=", "\"\"\""),
        ArbMap.Default.ArbFor<NonNull<string>>().Generator.Select(s => s.Get));

    private static Gen<SettingObject> Section(int size) =>
        from count in Gen.Choose(0, Math.Min(size, 4))
        from keys in Words.ListOf(count)
        from values in Value(size / 2).ListOf(count)
        select new SettingObject([.. keys.Zip(values, KeyValuePair.Create).DistinctBy(m => m.Key)]);

    private static Gen<Setting> Value(int size)
    {
        var text = Words.Select(Setting (w) => new SettingText(w));
        if (size == 0) return text;
        return Gen.OneOf(
            text,
            from count in Gen.Choose(0, 4)
            from items in Value(size / 2).ListOf(count)
            select (Setting)new SettingList([.. items]),
            Section(size).Select(Setting (s) => s));
    }

    private static string Show(Setting setting) => setting switch
    {
        SettingText text => text.Value,
        SettingList list => $"[{string.Join(',', list.Items.Select(Show))}]",
        SettingObject section => $"{{{string.Join(',', section.Members.Select(m => $"{m.Key}:{Show(m.Value)}"))}}}",
        _ => throw new InvalidOperationException(),
    };
}
