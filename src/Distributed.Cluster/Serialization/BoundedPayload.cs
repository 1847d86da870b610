using System.Buffers.Binary;
using System.Runtime.Serialization;

namespace Distributed.Cluster.Serialization;

/// <summary>
/// The bytes of a control message while Hyperion reads them. Hyperion trusts what it reads: it makes arrays and buffers of the lengths that a
/// payload names, takes less than it asked for without a word, and nests as deep as the payload does. This ends all three.
/// </summary>
/// <remarks>
/// A length is four bytes after a byte that is read alone: 255 before a long text or a type's name, 9 before bytes, 252 and the kind of the
/// elements before an array of numbers or texts. After 251 and a type's name comes a count of fields and the length of each one's name.
/// Arrays of objects are read by <see cref="BoundedArrays"/>. No control message has a field of one byte that is no truth value, which
/// could be taken for one of these.
/// </remarks>
internal sealed unsafe class BoundedPayload : MemoryStream
{
    // A stack overflow would end the process. Hyperion catches and throws again at each level, which takes much more stack on the way out than
    // on the way in; hence the low bound, some fifty levels, where our messages have five.
    private const long MostStackBytes = 32 * 1024;

    private const int LengthBytes = 4;
    private const int None = -1;
    private const int Bytes = 9;
    private const int MostFixedKind = 250;
    private const int NameAndFields = 251;
    private const int Numbers = 252;
    private const int NameOrText = 255;

    private readonly nint _start;

    // The bytes that were read alone since the last longer read.
    private int _last = None;
    private int _before = None;

    // Of a type's name with those of its fields: whether the name, then the count, is due; how many names follow, each after its length.
    private bool _nameDue;
    private bool _countDue;
    private int _fieldsDue;
    private bool _fieldNameDue;

    public BoundedPayload(byte[] bytes) : base(bytes, writable: false)
    {
        byte here;
        _start = (nint)(&here);
    }

    /// <summary>How many bytes are left: no array can have more elements.</summary>
    public long Left => Length - Position;

    /// <inheritdoc/>
    /// <exception cref="SerializationException">Values are nested too deep.</exception>
    public override int ReadByte()
    {
        // Every nested value begins with one byte that is read alone: the place to look at how deep the stack has become.
        byte here;
        if (Math.Abs(_start - (nint)(&here)) > MostStackBytes) throw new SerializationException("values are nested too deep");
        var value = base.ReadByte();
        // Byte arrays in an array have lengths without a byte before them; no message has such.
        if (_last == Numbers && value is Bytes or > MostFixedKind) throw new SerializationException($"an array of elements of the kind {value} is none of numbers");
        if (_countDue)
        {
            _countDue = false;
            _fieldsDue = Math.Max(0, value);
            return value;
        }

        _before = _last;
        _last = value;
        return value;
    }

    /// <inheritdoc/>
    /// <exception cref="SerializationException">The payload ends before, or what is read is a length of more than is left.</exception>
    public override int Read(byte[] buffer, int offset, int count)
    {
        if (count > Left) throw new SerializationException($"{count} bytes are asked for where {Left} are left");
        var read = base.Read(buffer, offset, count);
        if (_nameDue)
        {
            _nameDue = false;
            _countDue = true;
        }
        else if (_fieldNameDue)
        {
            _fieldNameDue = false;
            _fieldsDue--;
        }
        else if (count == LengthBytes && (_fieldsDue > 0 || _last is Bytes or NameAndFields or NameOrText || _before == Numbers))
        {
            CheckLength(BinaryPrimitives.ReadInt32LittleEndian(buffer.AsSpan(offset)));
            _nameDue = _last == NameAndFields;
            _fieldNameDue = _fieldsDue > 0;
        }

        _last = _before = None;
        return read;
    }

    /// <summary>Checks how long something is that comes next.</summary>
    /// <exception cref="SerializationException">It is negative or more than is left.</exception>
    public void CheckLength(int length)
    {
        if (length < 0 || length > Left) throw new SerializationException($"a length of {length} comes where {Left} bytes are left");
    }
}
