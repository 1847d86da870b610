using TorchSharp;
using static TorchSharp.torch;

namespace Distributed.Learning.Tests;

public class FactoriesTests
{
    [Fact]
    public void An_unknown_factory_is_told_with_those_that_there_are()
    {
        Factories.AddModule("net", () => nn.Linear(3, 2));
        var message = Assert.Throws<BadInputException>(() => ModelSpec.Read(Model("nett"))).Message;
        Assert.StartsWith("job.hocon: model.factory: expected a module that this program brings (", message);
        Assert.EndsWith("got 'nett'; did you mean 'net'?", message);
        Assert.Contains("data set that this program brings", Assert.Throws<BadInputException>(() => DataSpec.Read(Data("none"))).Message);
    }

    [Fact]
    public void An_own_module_has_its_own_names_and_the_weights_of_the_seed()
    {
        Factories.AddModule("linear", () => nn.Linear(3, 2));
        var model = ModelSpec.Read(Model("linear"));
        Assert.Equal([2L], model.Output);
        Assert.Equal(8, model.CheckShapes().Sum(layer => layer.Parameters));
        using var first = model.Build(5);
        using var second = model.Build(5);
        Assert.Equal(["weight", "bias"], ParameterLayout.Of(first).Entries.Select(entry => entry.Name));
        Assert.True(first.parameters().First().equal(second.parameters().First()).all().ToBoolean());
    }

    [Fact]
    public void Batch_norm_has_to_be_the_one_that_workers_share()
    {
        Factories.AddModule("torch", () => nn.Sequential(("0", nn.Linear(3, 2)), ("1", nn.BatchNorm1d(2))));
        Factories.AddModule("shared", () => nn.Sequential(("0", nn.Linear(3, 2)), ("1", Norms.BatchNorm(2))));
        Assert.StartsWith("1.running_mean: ", Assert.Throws<BadInputException>(() => ModelSpec.Read(Model("torch")).Build(1)).Message);
        using var module = ModelSpec.Read(Model("shared")).Build(1);
        Assert.Equal("1.running_mean", ParameterLayout.Of(module).Entries[4].Name);
    }

    [Fact]
    public void Own_data_is_checked_against_the_model()
    {
        Factories.AddData("points", seed => (Points(4), Points(2)));
        var (training, test) = DataSpec.Read(Data("points"), [3], [2]).Open(".", 1);
        Assert.Equal((4, 2), (training.Count, test.Count));
        training.Dispose();
        test.Dispose();
        var misfit = DataSpec.Read(Data("points"), [5], [2]);
        Assert.Contains("model.input: expected [3]", Assert.Throws<BadInputException>(() => misfit.Open(".", 1)).Message);

        static IDataSet Points(int samples) => DataSets.OfClasses(zeros(samples, 3), zeros([samples], ScalarType.Int64), 2);
    }

    [Fact]
    public void A_model_file_is_read_into_a_module_of_its_own()
    {
        using var scope = NewDisposeScope();
        var trained = nn.Linear(3, 2);
        var layout = ParameterLayout.Of(trained);
        var file = Path.Combine(Path.GetTempPath(), $"factories-{Guid.NewGuid():N}.safetensors");
        var flat = new float[layout.Length];
        try
        {
            unsafe
            {
                fixed (float* memory = flat)
                {
                    ModelReplica.CopyInitialWeights(trained, layout, (IntPtr)memory, 0, layout.Length);
                    ModelFile.Write(file, layout, (IntPtr)memory);
                }
            }

            var fresh = nn.Linear(3, 2);
            ModelFile.Load(file, fresh);
            Assert.True(fresh.weight.equal(trained.weight).all().ToBoolean());
            Assert.True(fresh.weight.requires_grad);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static SettingsSection Model(string factory) => Examples.Section(("model", new (string, object)[]
    {
        ("factory", factory), ("input", new object[] { 3 }), ("output", new object[] { 2 }), ("parameters", 8),
    })).Section("model");

    private static SettingsSection Data(string factory) =>
        Examples.Section(("data", new (string, object)[] { ("factory", factory) })).Section("data");
}
