namespace Distributed.Learning.Tests;

/// <summary>What a node's data files are, and how two nodes' are told apart.</summary>
public sealed class DataManifestTests
{
    private static readonly string Hash = new('a', 64);
    private static readonly string Other = new('b', 64);

    [Fact]
    public void The_digest_depends_on_names_lengths_and_contents_and_not_on_the_order()
    {
        var one = new DataManifest([new("b", 2, Hash), new("a/c", 1, Hash)]);
        var same = new DataManifest([new("a/c", 1, Hash), new("b", 2, Hash)]);

        Assert.Equal(one.Digest, same.Digest);
        Assert.Equal(3, one.Bytes);
        Assert.Null(one.Difference(same, "head"));
        foreach (var another in (DataFileEntry[])[new("b", 2, Other), new("b", 3, Hash), new("c", 2, Hash)])
            Assert.NotEqual(one.Digest, new DataManifest([new("a/c", 1, Hash), another]).Digest);
    }

    [Fact]
    public void A_difference_names_the_file_and_what_it_is()
    {
        var mine = new DataManifest([new("a", 1, Hash), new("b", 2, Hash)]);

        Assert.Equal("has no b, which head has", mine.Difference(new DataManifest([new("a", 1, Hash)]), "head"));
        Assert.Equal("has c, which head has not", mine.Difference(new DataManifest([.. mine.Entries, new("c", 1, Hash)]), "head"));
        Assert.Equal(
            "has another b than head: 3 bytes of SHA-256 bbbbbbbbbbbb…, there 2 bytes of aaaaaaaaaaaa…",
            mine.Difference(new DataManifest([new("a", 1, Hash), new("b", 3, Other)]), "head"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/etc/passwd")]
    [InlineData("../up")]
    [InlineData("a/../../up")]
    [InlineData("a//b")]
    [InlineData("./a")]
    [InlineData("a\\..\\b")]
    [InlineData("c:a")]
    [InlineData("a\nb")]
    public void A_name_that_leads_elsewhere_is_refused(string name) =>
        Assert.Contains("below the data folder", Assert.Throws<BadInputException>(() => new DataManifest([new(name, 1, Hash)])).Message);

    [Fact]
    public void A_name_that_is_too_long_or_comes_twice_and_what_is_no_hash_are_refused()
    {
        Assert.Throws<BadInputException>(() => new DataManifest([new(new string('a', DataManifest.LongestName + 1), 1, Hash)]));
        Assert.Contains("twice", Assert.Throws<BadInputException>(() => new DataManifest([new("a", 1, Hash), new("a", 2, Hash)])).Message);
        Assert.Throws<BadInputException>(() => new DataManifest([new("a", -1, Hash)]));
        Assert.Throws<BadInputException>(() => new DataManifest([new("a", 1, Hash.ToUpperInvariant())]));
    }
}
