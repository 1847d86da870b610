using System.Globalization;
using Distributed.Cluster.Jobs;
using Distributed.Learning;
using static TorchSharp.torch;

namespace Distributed;

/// <summary>The job that a plan means: a text like any other's, in which module and data are named instead of written out.</summary>
internal static class PlannedJob
{
    /// <summary>Tries module and data once, which finds most mistakes before a process starts, and writes the job.</summary>
    /// <exception cref="BadInputException">Something in the plan is wrong.</exception>
    public static Job Of(TrainingPlan plan)
    {
        var (input, output, parameters) = Try(plan);
        var text = string.Create(CultureInfo.InvariantCulture, $$"""
            name = "{{plan.Name}}"
            seed = {{plan.Seed}}
            model { factory = "{{plan.Name}}", input = [{{string.Join(", ", input)}}], output = [{{string.Join(", ", output)}}], parameters = {{parameters}} }
            data { factory = "{{plan.Name}}" }
            loss = {{plan.Loss}}
            optimizer = {{plan.Optimizer}}
            epochs = {{plan.Epochs}}
            batch = {{plan.Batch}}
            slots = {{plan.Slots}}
            workers = {{plan.Workers}}
            servers = {{plan.Servers}}
            """);
        return Job.Parse(plan.Name, text, new JobOverrides(Sets: plan.Settings));
    }

    /// <summary>The shapes of one sample on both sides of the module, and how many parameters it has.</summary>
    private static (long[] Input, long[] Output, long Parameters) Try(TrainingPlan plan)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var (training, test) = plan.Data(plan.Seed);
        using (training)
        using (test)
        {
            if (training.Count == 0 || test.Count == 0)
                throw new BadInputException($"{plan.Name}: expected samples to train on and to test on, got {training.Count} and {test.Count}");
            using var module = plan.Module();
            using var sample = training.Gather([0]);
            module.eval();
            return (sample.Inputs.shape[1..], module.call(sample.Inputs).shape[1..], Layout(plan.Name, module).ParameterCount);
        }
    }

    private static ParameterLayout Layout(string name, nn.Module<Tensor, Tensor> module)
    {
        try
        {
            return ParameterLayout.Of(module);
        }
        catch (ArgumentException exception)
        {
            throw new BadInputException($"{name}: the module can't be trained: {exception.Message}", exception);
        }
    }
}
