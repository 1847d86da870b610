namespace Distributed.Learning.Tests;

public sealed class IdxFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_is_read_plain_or_compressed_whatever_its_name(bool compressed)
    {
        var content = IdxBytes.Of([1, 2, 3, 4, 5, 6], 1, 2, 3);
        var file = folder.Write("images", compressed ? IdxBytes.Gzip(content) : content);

        var array = IdxFile.Read(file, 3);

        Assert.Equal([1, 2, 3], array.Dimensions);
        Assert.Equal([1, 2, 3, 4, 5, 6], array.Bytes);
    }

    [Fact]
    public void A_file_larger_than_the_first_reservation_is_read_whole()
    {
        var elements = new byte[300_001];
        new Random(1).NextBytes(elements);

        var array = IdxFile.Read(folder.Write("labels", IdxBytes.Gzip(IdxBytes.Of(elements, 300_001))), 1);

        Assert.Equal(elements, array.Bytes);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_truncated_file_is_named(bool compressed)
    {
        var content = IdxBytes.Of([1, 2, 3, 4, 5], 1, 2, 3);
        var file = folder.Write("images", compressed ? IdxBytes.Gzip(content) : content);

        Refused(file, 3, "truncated: expected 6 elements (1 x 2 x 3), got 5");
    }

    [Fact]
    public void A_compressed_file_that_is_cut_off_is_named()
    {
        var elements = new byte[100_000];
        new Random(1).NextBytes(elements);
        var whole = IdxBytes.Gzip(IdxBytes.Of(elements, 100_000));

        var error = Refused(folder.Write("labels", whole[..(whole.Length / 2)]), 1);

        Assert.Matches("truncated|damaged", error);
    }

    [Fact]
    public void A_damaged_compressed_file_is_named() =>
        Refused(folder.Write("labels", [0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff, 0xff, 0xff, 0xff]), 1, "damaged");

    [Fact]
    public void A_wrong_magic_number_is_named() =>
        Refused(
            folder.Write("images", "not an image"u8.ToArray()), 3,
            "expected an IDX file of bytes with 3 dimensions (magic number 00000803), got 6e6f7420");

    [Fact]
    public void Another_number_of_dimensions_is_named() =>
        Refused(folder.Write("labels", IdxBytes.Of([1, 2], 2)), 3, "(magic number 00000803), got 00000801");

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(11)]
    public void A_truncated_header_is_named(int bytes) =>
        Refused(
            folder.Write("images", IdxBytes.Of([1], 1, 1, 1)[..bytes]), 3, $"truncated: expected an IDX header of 16 bytes, got {bytes}");

    [Fact]
    public void More_elements_than_announced_are_named() =>
        Refused(folder.Write("labels", IdxBytes.Of([1, 2, 3], 2)), 1, "expected 2 elements (2), got more");

    [Theory]
    [InlineData(0u)]
    [InlineData(0x80000000u)]
    [InlineData(0xffffffffu)]
    public void An_impossible_size_is_named(uint size) =>
        Refused(folder.Write("labels", IdxBytes.Of([1], size)), 1, $"expected every dimension from 1 to 2147483647, got {size}");

    [Fact]
    public void A_product_of_sizes_that_overflows_is_named() =>
        Refused(
            folder.Write("images", IdxBytes.Of([1], 0x7fffffff, 0x7fffffff, 0x7fffffff)), 3,
            "elements, got 2147483647 x 2147483647 x 2147483647");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_huge_announced_size_costs_no_memory(bool compressed)
    {
        var content = IdxBytes.Of([1, 2, 3], 2_000_000_000);
        var file = folder.Write("labels", compressed ? IdxBytes.Gzip(content) : content);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Refused(file, 1, "truncated: expected 2000000000 elements");

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void A_missing_file_is_named() => Refused(Path.Combine(folder.Path, "none"), 1, "cannot be read");

    private static string Refused(string file, int dimensions, string expected = "")
    {
        var message = Assert.Throws<BadInputException>(() => IdxFile.Read(file, dimensions)).Message;
        Assert.StartsWith(file + ": ", message);
        Assert.Contains(expected, message);
        Assert.DoesNotContain('\n', message);
        return message;
    }
}
