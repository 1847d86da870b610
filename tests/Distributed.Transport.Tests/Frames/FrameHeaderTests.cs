using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using MessagePack;

namespace Distributed.Transport.Tests;

public sealed class FrameHeaderTests
{
    private static readonly long[] Edges = [0, 1, 127, 128, 255, 256, 65535, 65536, int.MaxValue, (long)int.MaxValue + 1, uint.MaxValue, long.MaxValue];

    [Property(MaxTest = 1000)]
    public Property What_is_written_is_what_is_read()
    {
        Gen<long> number = Gen.OneOf(Gen.Elements(Edges), ArbMap.Default.GeneratorFor<long>().Select(value => value & long.MaxValue));
        Gen<int> index = number.Select(value => (int)(value & int.MaxValue));
        Gen<FrameHeader> headers =
            from kind in Gen.Choose(1, 7)
            from term in number
            from version in number
            from shard in index
            from first in index
            from count in index
            from tag in Gen.OneOf(number, number.Select(value => -value), Gen.Constant(long.MinValue))
            from payload in number
            select new FrameHeader
            {
                Kind = (FrameKind)kind,
                Term = term,
                Version = version,
                Shard = shard,
                FirstSlot = first,
                SlotCount = count,
                Tag = tag,
                PayloadBytes = payload % (FrameHeader.MaximumPayloadBytes + 1),
            };
        return Prop.ForAll(headers.ToArbitrary(), header =>
        {
            byte[] wire = Encoded(header);
            return wire.Length <= FrameHeader.PrefixBytes + FrameHeader.MaximumBodyBytes
                && BitConverter.ToUInt16(wire) == wire.Length - FrameHeader.PrefixBytes
                && FrameHeader.Decode(wire.AsMemory(FrameHeader.PrefixBytes)) == header;
        });
    }

    [Fact]
    public void The_wire_form_is_a_messagepack_array_of_eight_integers()
    {
        byte[] wire = Encoded(new FrameHeader
        {
            Kind = FrameKind.Weights,
            Term = 1,
            Version = 300,
            Shard = 2,
            FirstSlot = 0,
            SlotCount = 4,
            Tag = -1,
            PayloadBytes = 70_000,
        });

        Assert.Equal("[2,1,300,2,0,4,-1,70000]", MessagePackSerializer.ConvertToJson(wire.AsMemory(2)));
        Assert.Equal("0F00", Convert.ToHexString(wire, 0, 2));
    }

    [Property(MaxTest = 5000)]
    public bool Garbage_is_a_link_exception_or_a_header_in_bounds(byte[] garbage) => IsRefusedOrInBounds(garbage);

    [Property(MaxTest = 5000)]
    public bool A_header_with_changed_bytes_is_a_link_exception_or_a_header_in_bounds(int place, byte value, long version)
    {
        byte[] body = Encoded(new FrameHeader { Kind = FrameKind.Gradient, Version = version & long.MaxValue, Tag = 5 })[FrameHeader.PrefixBytes..];
        body[(place & int.MaxValue) % body.Length] = value;
        return IsRefusedOrInBounds(body);
    }

    [Fact]
    public void A_header_cut_short_or_with_a_tail_is_a_link_exception()
    {
        byte[] body = Encoded(new FrameHeader { Kind = FrameKind.Fetch, Version = 77_777 })[FrameHeader.PrefixBytes..];

        for (int length = 0; length < body.Length; length++)
        {
            Assert.Throws<LinkException>(() => FrameHeader.Decode(body.AsMemory(0, length)));
        }

        Assert.Contains("longer", Assert.Throws<LinkException>(() => FrameHeader.Decode((byte[])[.. body, 0])).Message);
    }

    [Fact]
    public void A_header_out_of_bounds_is_not_sent()
    {
        FrameHeader good = new() { Kind = FrameKind.Gradient };

        Encoded(good);
        Assert.Throws<ArgumentException>(() => Encoded(good with { Kind = 0 }));
        Assert.Throws<ArgumentException>(() => Encoded(good with { Kind = (FrameKind)200 }));
        Assert.Throws<ArgumentException>(() => Encoded(good with { Term = -1 }));
        Assert.Throws<ArgumentException>(() => Encoded(good with { Version = -1 }));
        Assert.Throws<ArgumentException>(() => Encoded(good with { Shard = -1 }));
        Assert.Throws<ArgumentException>(() => Encoded(good with { FirstSlot = -1 }));
        Assert.Throws<ArgumentException>(() => Encoded(good with { SlotCount = -1 }));
        Assert.Throws<ArgumentException>(() => Encoded(good with { PayloadBytes = -1 }));
        Assert.Throws<ArgumentException>(() => Encoded(good with { PayloadBytes = FrameHeader.MaximumPayloadBytes + 1 }));
    }

    [Fact]
    public void Every_kind_of_frame_can_travel()
    {
        foreach (FrameKind kind in Enum.GetValues<FrameKind>())
        {
            byte[] body = Encoded(new FrameHeader { Kind = kind })[FrameHeader.PrefixBytes..];
            Assert.Equal(kind, FrameHeader.Decode(body).Kind);
        }
    }

    [Fact]
    public void Writing_and_reading_allocate_nothing()
    {
        FrameBuffer buffer = new(128);
        FrameHeader header = new() { Kind = FrameKind.Gradient, Term = 3, Version = 1 << 20, PayloadBytes = 1 << 30 };
        header.Encode(buffer);
        byte[] body = buffer.Written[FrameHeader.PrefixBytes..].ToArray();
        FrameHeader.Decode(body);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            buffer.Clear();
            header.Encode(buffer);
            FrameHeader.Decode(body);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static bool IsRefusedOrInBounds(byte[] body)
    {
        try
        {
            FrameHeader header = FrameHeader.Decode(body);
            Encoded(header);
            return true;
        }
        catch (LinkException)
        {
            return true;
        }
    }

    private static byte[] Encoded(FrameHeader header)
    {
        FrameBuffer buffer = new(128);
        header.Encode(buffer);
        return buffer.Written.ToArray();
    }
}
