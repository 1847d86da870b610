using System.Text.Json;
using System.Text.Json.Serialization;

namespace Distributed.Cli.Terminal;

/// <summary>Results as JSON for other programs, in the style of a run's summary.json.</summary>
internal static class JsonText
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>The value as indented JSON.</summary>
    public static string Of<T>(T value) => JsonSerializer.Serialize(value, Options);
}
