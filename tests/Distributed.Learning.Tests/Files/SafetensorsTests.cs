using System.Buffers.Binary;
using System.Text;

namespace Distributed.Learning.Tests;

public class SafetensorsTests
{
    // Written by hand from the format's description: length JSON padded with spaces to a multiple of 8, data.
    private static readonly byte[] ByHand =
    [
        0x90, 0, 0, 0, 0, 0, 0, 0,
        .. """{"__metadata__":{"by":"hand"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[],"data_offsets":[8,12]}}      """u8,
        0x00, 0x00, 0x80, 0x3f, // 1
        0x00, 0x00, 0x00, 0xc0, // -2
        0x00, 0x00, 0x00, 0x3f, // 0.5
    ];

    [Fact]
    public void The_bytes_are_those_of_the_formats_description()
    {
        using var a = new FloatMemory([1, -2]);
        using var b = new FloatMemory([0.5f]);
        using var stream = new MemoryStream();
        Safetensors.Write(stream, [new("a", [2, 1], a.Address), new("b", [], b.Address)], new Dictionary<string, string> { ["by"] = "hand" });
        Assert.Equal(ByHand, stream.ToArray());
    }

    [Fact]
    public void A_file_by_hand_is_read()
    {
        using var a = new FloatMemory(2);
        using var b = new FloatMemory(1);
        var reader = SafetensorsReader.Open(new MemoryStream(ByHand), "hand");
        Assert.Equal("hand", reader.Metadata["by"]);
        Assert.Equal([new long[] { 2, 1 }, []], reader.Entries.Select(e => e.Shape));
        reader.ReadAll(entry => entry.Name == "a" ? a.Address : b.Address);
        Assert.Equal([1f, -2f, 0.5f], [.. a.Span, .. b.Span]);
    }

    [Fact]
    public void A_tensor_can_be_skipped()
    {
        using var b = new FloatMemory(1);
        SafetensorsReader.Open(new MemoryStream(ByHand), "hand").ReadAll(entry => entry.Name == "a" ? 0 : b.Address);
        Assert.Equal(0.5f, b.Span[0]);
    }

    [Fact]
    public void Every_cut_of_a_file_is_named()
    {
        using var memory = new FloatMemory(2);
        for (var length = 0; length < ByHand.Length; length++)
        {
            var cut = ByHand[..length];
            Assert.StartsWith("cut.safetensors: ", Assert.Throws<BadInputException>(
                () => SafetensorsReader.Open(new MemoryStream(cut), "cut.safetensors")).Message);
            // A stream without a known length, such as a socket's, shows the cut later.
            Assert.StartsWith("cut.safetensors: ", Assert.Throws<BadInputException>(
                () => SafetensorsReader.Open(new Unseekable(cut), "cut.safetensors").ReadAll(_ => memory.Address)).Message);
        }
    }

    [Fact]
    public void No_changed_byte_of_the_header_does_harm()
    {
        var random = new Random(5);
        using var memory = new FloatMemory(1 << 10);
        for (var i = 0; i < 3000; i++)
        {
            var bytes = (byte[])ByHand.Clone();
            for (var changes = random.Next(1, 4); changes > 0; changes--) bytes[random.Next(bytes.Length - 12)] = (byte)random.Next(256);
            try
            {
                SafetensorsReader.Open(new MemoryStream(bytes), "x").ReadAll(e => e.End - e.Begin <= 1 << 12 ? memory.Address : 0);
            }
            catch (BadInputException error)
            {
                Assert.StartsWith("x: ", error.Message);
                Assert.DoesNotContain('\n', error.Message);
            }
        }
    }

    [Theory]
    [InlineData("[]", "expected a JSON object")]
    [InlineData("{\"a\":1}", "tensor a: expected an object, got 1")]
    [InlineData("{\"a\":{}}", "tensor a: expected a known dtype, got nothing")]
    [InlineData("{\"a\":{\"dtype\":\"F99\"}}", "tensor a: expected a known dtype, got \"F99\"")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", "tensor a: expected shape with whole numbers of at least 0")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}", "tensor a: expected 4 bytes of data for its shape")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", "tensor a: expected its data at byte 0, got 4")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,4]}}", "tensor a: expected a shape within 64 bits")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{}}", "expected a JSON header")]
    [InlineData("{\"__metadata__\":{\"a\":1}}", "metadata a: expected a text, got Number")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "the file is cut: expected 4 bytes of data, got 0")]
    [InlineData("{ ", "expected a JSON header")]
    public void A_bad_header_is_named(string header, string message)
    {
        var bytes = new byte[8 + header.Length];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, header.Length);
        Encoding.UTF8.GetBytes(header, bytes.AsSpan(8));
        var error = Assert.Throws<BadInputException>(() => SafetensorsReader.Open(new MemoryStream(bytes), "bad.safetensors"));
        Assert.StartsWith("bad.safetensors: ", error.Message);
        Assert.Contains(message, error.Message);
    }

    [Fact]
    public void A_false_header_length_takes_no_memory()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var length in new[] { 99_999_999L, long.MaxValue, -1 })
        {
            var bytes = new byte[20];
            BinaryPrimitives.WriteInt64LittleEndian(bytes, length);
            Assert.Throws<BadInputException>(() => SafetensorsReader.Open(new MemoryStream(bytes), "x"));
        }
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_000_000);
    }

    private sealed class Unseekable(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
