using System.Collections.Concurrent;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// Modules and data sets that a program brings itself, under the names by which a job refers to them: <c>model { factory = NAME, … }</c> and
/// <c>data { factory = NAME }</c>. A job travels as text, so every process of its run adds the same ones before it takes part.
/// </summary>
public static class Factories
{
    /// <summary>The key that names a factory.</summary>
    internal const string Key = "factory";

    private static readonly ConcurrentDictionary<string, Func<nn.Module<Tensor, Tensor>>> Modules = new();
    private static readonly ConcurrentDictionary<string, Func<long, (IDataSet Training, IDataSet Test)>> DataSets = new();

    /// <summary>Adds a module, or puts it in the place of the one of that name.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="create">
    /// Makes a new module each time, its weights drawn from torch's generator. A function of nothing else: all processes must get the same.
    /// </param>
    public static void AddModule(string name, Func<nn.Module<Tensor, Tensor>> create) => Modules[name] = create;

    /// <summary>Adds a data set, or puts it in the place of the one of that name.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="open">Reads or makes both sets from the job's seed; a function of nothing else, as all processes must get the same.</param>
    public static void AddData(string name, Func<long, (IDataSet Training, IDataSet Test)> open) => DataSets[name] = open;

    /// <summary>The module that a section names.</summary>
    /// <exception cref="BadInputException">This program has none of that name.</exception>
    internal static Func<nn.Module<Tensor, Tensor>> Module(SettingsSection section) => Find(section, "module", Modules);

    /// <summary>The data set that a section names.</summary>
    /// <exception cref="BadInputException">This program has none of that name.</exception>
    internal static Func<long, (IDataSet Training, IDataSet Test)> Data(SettingsSection section) => Find(section, "data set", DataSets);

    private static T Find<T>(SettingsSection section, string kind, ConcurrentDictionary<string, T> known)
    {
        var name = section.Text(Key);
        return known.TryGetValue(name, out var found) ? found
            : throw section.Error(Key, $"expected a {kind} that this program brings"
                + $" ({(known.IsEmpty ? "it brings none" : string.Join(", ", known.Keys.Order()))}), got '{name}'{NearestName.Hint(name, known.Keys)}");
    }
}
