using System.Reflection;
using System.Text.RegularExpressions;
using Akka.Actor;
using Akka.Configuration;
using Akka.Util;
using Distributed.Cluster.Protocol;
using Hyperion;

namespace Distributed.Cluster.Serialization;

/// <summary>
/// The closed list of types that the control serializer writes and reads: the sealed <see cref="IControlMessage"/> types
/// of an assembly, what their fields hold, some basic types, and what the configuration adds.
/// A field that could hold anything else (an object, an interface, a collection other than an array) is refused when the
/// list is built, so a message that could not travel stops the node at its start and not in the middle of a job.
/// </summary>
internal sealed partial class ControlTypes : ITypeFilter
{
    private static readonly Type[] Basic =
    [
        typeof(bool), typeof(byte), typeof(sbyte), typeof(short), typeof(ushort), typeof(int), typeof(uint), typeof(long), typeof(ulong),
        typeof(float), typeof(double), typeof(decimal), typeof(char), typeof(string), typeof(Guid), typeof(DateTime),
        typeof(DateTimeOffset), typeof(TimeSpan),
    ];

    // How Akka's own references look on the wire: a path or an address as text.
    private static readonly Type[] Surrogates =
    [
        typeof(ActorRefBase.Surrogate), typeof(Nobody.NobodySurrogate), typeof(ActorPath.Surrogate), typeof(Address.AddressSurrogate),
    ];

    private readonly HashSet<Type> _types = [];
    private readonly HashSet<Type> _records = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    private ControlTypes() { }

    /// <summary>Every type on the list.</summary>
    public IReadOnlySet<Type> Types => _types;

    /// <summary>Of these the records and enumerations: of this program, and of those that the configuration adds.</summary>
    public IReadOnlySet<Type> Records => _records;

    /// <summary>Builds the list.</summary>
    /// <param name="assembly">The assembly whose control messages are meant.</param>
    /// <param name="more">Types that the configuration adds, exactly these and not what their fields hold.</param>
    /// <exception cref="ConfigurationException">A message has a field that cannot be allowed, or is neither sealed nor abstract.</exception>
    public static ControlTypes Of(Assembly assembly, IEnumerable<Type> more)
    {
        var list = new ControlTypes();
        foreach (var type in Basic)
        {
            list._types.Add(type);
            list._types.Add(type.MakeArrayType());
        }
        list._types.UnionWith(Surrogates);
        foreach (var type in more)
        {
            list._types.Add(type);
            if (!type.IsArray && !type.IsAssignableTo(typeof(ISurrogate)))
                list._records.Add(type);
        }
        foreach (var message in assembly.GetTypes().Where(t => t.IsAssignableTo(typeof(IControlMessage)) && !t.IsInterface && !t.IsAbstract))
            list.Include(message, message.FullName!);
        // Hyperion asks by two spellings of a name: the full one when it writes, a shortened one when it reads.
        foreach (var type in list._types)
        {
            list._names.Add(type.AssemblyQualifiedName!);
            list._names.Add(ShortName(type));
        }
        return list;
    }

    /// <summary>Whether a type, named as Hyperion names it, is on the list.</summary>
    public bool IsAllowed(string typeName) => _names.Contains(typeName);

    /// <summary>Whether a value of this very type may be written; actor references may, by way of their surrogates.</summary>
    public bool MayWrite(Type type) => _types.Contains(type) || IsReference(type);

    /// <summary>The fields of a type and of those that it derives from.</summary>
    public static IEnumerable<FieldInfo> Fields(Type? type)
    {
        for (; type is not null; type = type.BaseType)
            foreach (var field in type.GetFields(
                BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                yield return field;
    }

    private static bool IsReference(Type type) =>
        type.IsAssignableTo(typeof(IActorRef)) || type.IsAssignableTo(typeof(ActorPath)) || type == typeof(Address);

    private void Include(Type type, string holder)
    {
        if (Nullable.GetUnderlyingType(type) is { } value)
        {
            Include(value, holder);
            return;
        }
        if (_types.Contains(type) || IsReference(type)) return;
        if (type is { IsArray: true } && type.GetArrayRank() == 1)
        {
            Include(type.GetElementType()!, holder);
            _types.Add(type);
            return;
        }
        if (!IsOurs(type) || type.IsGenericType)
            throw new ConfigurationException(
                $"{holder} is of type {type}, which a control message cannot carry: use basic types, actor references, "
                + "sealed records of this program, and arrays of these");
        if (type.IsAbstract)
        {
            // A closed family: whatever derives from it, in its own assembly, and is sealed.
            foreach (var member in type.Assembly.GetTypes().Where(t => t.IsAssignableTo(type) && !t.IsAbstract)) Include(member, holder);
            return;
        }
        if (!type.IsSealed)
            throw new ConfigurationException($"{holder} is of type {type}, which is not sealed: an unlisted type could take its place");
        _types.Add(type);
        _records.Add(type);
        if (type.IsEnum) return;
        foreach (var field in Fields(type))
        {
            if (IsSingleByte(field.FieldType))
                throw new ConfigurationException($"{type.FullName}.{NameOf(field)} is a single byte, which {nameof(BoundedPayload)} could take for a sign: use int");
            Include(field.FieldType, $"{type.FullName}.{NameOf(field)}");
        }
    }

    private static bool IsSingleByte(Type type) =>
        type == typeof(byte) || type == typeof(sbyte) || (type.IsEnum && IsSingleByte(type.GetEnumUnderlyingType()));

    // As Hyperion writes names: without versions, and the core library's version, culture and key as %core%.
    private static string ShortName(Type type)
    {
        var number = typeof(int).AssemblyQualifiedName!;
        var core = number[number.IndexOf(", Version", StringComparison.Ordinal)..];
        return AssemblyVersion().Replace(type.AssemblyQualifiedName!.Replace(core, ",%core%", StringComparison.Ordinal), "");
    }

    [GeneratedRegex(@"(, Version=[\d.]+)?(, Culture=[^,\] \t]+)?(, PublicKeyToken=(null|[\da-f]+))?", RegexOptions.CultureInvariant)]
    private static partial Regex AssemblyVersion();

    // Our assemblies share the first part of their name.
    private static bool IsOurs(Type type) =>
        type.Assembly.GetName().Name!.Split('.')[0] == typeof(ControlTypes).Assembly.GetName().Name!.Split('.')[0];

    // The field behind a property is called <Name>k__BackingField.
    private static string NameOf(FieldInfo field) =>
        field.Name.StartsWith('<') ? field.Name[1..field.Name.IndexOf('>', StringComparison.Ordinal)] : field.Name;
}
