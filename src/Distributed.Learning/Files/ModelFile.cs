using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// A model's weights as a safetensors file, between a flat vector and PyTorch's names of the parameters and of the running statistics of
/// batch norms.
/// </summary>
public static class ModelFile
{
    /// <summary>Writes the weights; the file is whole or absent.</summary>
    /// <param name="path">The file.</param>
    /// <param name="layout">Names, shapes and places of the parameters.</param>
    /// <param name="flat">Address of the flat vector.</param>
    /// <param name="metadata">Free texts for the header, or null.</param>
    public static void Write(string path, ParameterLayout layout, IntPtr flat, IReadOnlyDictionary<string, string>? metadata = null) =>
        Safetensors.Write(path, Tensors(layout, flat), metadata);

    /// <summary>Writes the weights to a stream, which stays open.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="layout">Names, shapes and places of the parameters.</param>
    /// <param name="flat">Address of the flat vector.</param>
    /// <param name="metadata">Free texts for the header, or null.</param>
    public static void Write(Stream stream, ParameterLayout layout, IntPtr flat, IReadOnlyDictionary<string, string>? metadata = null) =>
        Safetensors.Write(stream, Tensors(layout, flat), metadata);

    /// <summary>Reads weights into a flat vector; its padding is not touched.</summary>
    /// <param name="path">The file.</param>
    /// <param name="layout">The parameters that the file must hold, no more and no fewer.</param>
    /// <param name="flat">Address of the flat vector.</param>
    /// <returns>The free texts of the header.</returns>
    /// <exception cref="BadInputException">The file is absent or damaged, or holds another model.</exception>
    public static IReadOnlyDictionary<string, string> Read(string path, ParameterLayout layout, IntPtr flat)
    {
        if (!File.Exists(path)) throw new BadInputException($"{path}: expected a model file, there is none");
        using var stream = File.OpenRead(path);
        var reader = SafetensorsReader.Open(stream, path);
        var wanted = layout.Entries.ToDictionary(e => e.Name);
        foreach (var entry in reader.Entries)
            if (wanted.TryGetValue(entry.Name, out var parameter)) entry.Require(path, parameter.Shape);
            else throw new BadInputException($"{path}: the model has no parameter {entry.Name}{NearestName.Hint(entry.Name, wanted.Keys)}");
        foreach (var missing in wanted.Keys.Except(reader.Entries.Select(e => e.Name)))
            throw new BadInputException($"{path}: the parameter {missing} of the model is missing");
        reader.ReadAll(entry => Address(wanted[entry.Name], flat));
        return reader.Metadata;
    }

    /// <summary>Reads weights into a module's own parameters and running statistics.</summary>
    /// <param name="path">The file.</param>
    /// <param name="module">A built module of the model that the file holds.</param>
    /// <returns>The free texts of the header.</returns>
    /// <exception cref="BadInputException">The file is absent or damaged, or holds another model.</exception>
    public static unsafe IReadOnlyDictionary<string, string> Load(string path, nn.Module<Tensor, Tensor> module)
    {
        var layout = ParameterLayout.Of(module);
        var memory = (IntPtr)NativeMemory.AllocZeroed((nuint)layout.Length, sizeof(float));
        try
        {
            var metadata = Read(path, layout, memory);
            using var guard = no_grad();
            using var views = new FlatViews(memory, layout);
            foreach (var (tensor, view) in ParameterLayout.TensorsOf(module).Zip(views.Views)) tensor.copy_(view);
            return metadata;
        }
        finally
        {
            NativeMemory.Free((void*)memory);
        }
    }

    private static FloatTensor[] Tensors(ParameterLayout layout, IntPtr flat) =>
        [.. layout.Entries.Select(e => new FloatTensor(e.Name, e.Shape, Address(e, flat)))];

    private static IntPtr Address(ParameterEntry entry, IntPtr flat) => flat + (nint)(entry.Offset * sizeof(float));
}
