using System.Security.Cryptography;
using TorchSharp;

namespace Distributed.Learning.Tests;

public sealed class ModelFileTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(folder, true);

    private string Path => System.IO.Path.Combine(folder, "model.safetensors");

    [Fact]
    public void Weights_come_back_bit_for_bit_and_nothing_else_stays_in_the_folder()
    {
        using var module = Examples.Build(Examples.Cnn);
        var layout = ParameterLayout.Of(module);
        using var flat = new FloatMemory(layout.Length);
        ModelReplica.CopyInitialWeights(module, layout, flat.Address, 0, layout.Length);
        ModelFile.Write(Path, layout, flat.Address, new Dictionary<string, string> { ["job"] = "x" });
        ModelFile.Write(Path, layout, flat.Address, new Dictionary<string, string> { ["job"] = "digits" });
        using var back = new FloatMemory(layout.Length);
        Assert.Equal("digits", ModelFile.Read(Path, layout, back.Address)["job"]);
        Assert.True(flat.Bytes.SequenceEqual(back.Bytes));
        Assert.Equal([Path], Directory.GetFiles(folder));
    }

    [Fact]
    public void A_file_of_another_model_is_refused_by_name_and_shape()
    {
        using var module = Examples.Build(new ModelSpec([3], [new LinearLayer(2)]));
        using var wider = Examples.Build(new ModelSpec([4], [new LinearLayer(2)]));
        using var deeper = Examples.Build(new ModelSpec([3], [new LinearLayer(2), new LinearLayer(2)]));
        var layout = ParameterLayout.Of(module);
        using var flat = new FloatMemory(1024);
        ModelFile.Write(Path, layout, flat.Address);
        Assert.Equal($"{Path}: tensor 0.weight: expected the shape [2, 4], got [2, 3]", Refused(wider));
        Assert.Equal($"{Path}: the parameter 1.weight of the model is missing", Refused(deeper));
        ModelFile.Write(Path, ParameterLayout.Of(deeper), flat.Address);
        Assert.StartsWith($"{Path}: the model has no parameter 1.weight", Refused(module));
        File.Delete(Path);
        Assert.Equal($"{Path}: expected a model file, there is none", Refused(module));

        string Refused(torch.nn.Module<torch.Tensor, torch.Tensor> other) =>
            Assert.Throws<BadInputException>(() => ModelFile.Read(Path, ParameterLayout.Of(other), flat.Address)).Message;
    }

    [Fact]
    public void The_fingerprint_is_over_the_parameters_without_padding()
    {
        using var module = Examples.Build(new ModelSpec([3], [new LinearLayer(2)]));
        var layout = ParameterLayout.Of(module);
        using var flat = new FloatMemory(layout.Length, 7);
        float[] values = [1, 2, 3, 4, 5, 6];
        values.CopyTo(flat.Span);
        new float[] { -1, -2 }.CopyTo(flat.Span[16..]);
        var bytes = values.Concat([-1f, -2f]).SelectMany(BitConverter.GetBytes).ToArray();
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), WeightsSha256.Of(layout, flat.Address));
    }
}
