using System.Text.Json;

namespace Distributed.Learning;

/// <summary>The JSON header of a safetensors file, checked: data without gaps or overlaps, lengths that fit the shapes.</summary>
internal sealed record SafetensorsHeader(
    IReadOnlyList<SafetensorsEntry> Entries, IReadOnlyDictionary<string, string> Metadata, long DataBytes)
{
    private const int MostDimensions = 16;

    private static readonly Dictionary<string, int> ElementBytes = new()
    {
        ["BOOL"] = 1,
        ["U8"] = 1,
        ["I8"] = 1,
        ["F8_E4M3"] = 1,
        ["F8_E5M2"] = 1,
        ["I16"] = 2,
        ["U16"] = 2,
        ["F16"] = 2,
        ["BF16"] = 2,
        ["I32"] = 4,
        ["U32"] = 4,
        [Safetensors.Float32] = 4,
        ["I64"] = 8,
        ["U64"] = 8,
        ["F64"] = 8,
    };

    public static SafetensorsHeader Parse(string file, byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 4, AllowDuplicateProperties = false });
            return Read(file, document.RootElement);
        }
        // Texts that are no UTF-8 show only when they are read, as an InvalidOperationException.
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new BadInputException($"{file}: expected a JSON header: {fault.Message.ReplaceLineEndings(" ")}", fault);
        }
    }

    private static SafetensorsHeader Read(string file, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object) throw new BadInputException($"{file}: expected a JSON object as header, got {root.ValueKind}");
        var metadata = new Dictionary<string, string>();
        var entries = new List<SafetensorsEntry>();
        foreach (var member in root.EnumerateObject())
        {
            if (member.Name != Safetensors.MetadataKey) entries.Add(Entry(file, member.Name, member.Value));
            else if (member.Value.ValueKind != JsonValueKind.Object) throw new BadInputException($"{file}: expected an object as metadata");
            else
                foreach (var text in member.Value.EnumerateObject())
                    metadata[text.Name] = text.Value.ValueKind == JsonValueKind.String ? text.Value.GetString()!
                        : throw new BadInputException($"{file}: metadata {text.Name}: expected a text, got {text.Value.ValueKind}");
        }
        entries.Sort((a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        var end = 0L;
        foreach (var entry in entries)
        {
            if (entry.Begin != end)
                throw new BadInputException($"{file}: tensor {entry.Name}: expected its data at byte {end}, got {entry.Begin}");
            end = entry.End;
        }
        return new SafetensorsHeader(entries, metadata, end);
    }

    private static SafetensorsEntry Entry(string file, string name, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object) throw Wrong("an object", value);
        var type = value.TryGetProperty("dtype", out var dtype) && dtype.ValueKind == JsonValueKind.String ? dtype.GetString()! : "";
        if (!ElementBytes.TryGetValue(type, out var size)) throw Wrong("a known dtype", dtype);
        var shape = Numbers("shape", MostDimensions);
        var offsets = Numbers("data_offsets", 2);
        if (offsets.Length != 2 || offsets[1] < offsets[0]) throw Wrong("data_offsets [begin, end]", value);
        Int128 bytes = size;
        foreach (var length in shape)
            if ((bytes *= length) > long.MaxValue) throw Wrong("a shape within 64 bits", value);
        if (bytes != offsets[1] - offsets[0]) throw Wrong($"{bytes} bytes of data for its shape", value);
        return new SafetensorsEntry(name, type, shape, offsets[0], offsets[1]);

        long[] Numbers(string key, int most)
        {
            if (!value.TryGetProperty(key, out var list) || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > most)
                throw Wrong($"{key} with at most {most} numbers", value);
            return [.. list.EnumerateArray().Select(item =>
                item.ValueKind == JsonValueKind.Number && item.TryGetInt64(out var number) && number >= 0 ? number
                    : throw Wrong($"{key} with whole numbers of at least 0", value))];
        }

        BadInputException Wrong(string expected, JsonElement got)
        {
            var text = got.ValueKind == JsonValueKind.Undefined ? "nothing" : got.GetRawText().ReplaceLineEndings(" ");
            return new BadInputException($"{file}: tensor {name}: expected {expected}, got {(text.Length > 100 ? text[..100] + "…" : text)}");
        }
    }
}
