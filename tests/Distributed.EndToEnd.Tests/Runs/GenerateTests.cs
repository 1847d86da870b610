namespace Distributed.EndToEnd.Tests;

/// <summary>Text from a trained model: a text of nothing but the alphabet in turns can only go on in one way.</summary>
public sealed class GenerateTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private string run = "";

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("{ type = lstm, hidden = 24, output = sequence }")]
    [InlineData("positional-embedding, { type = transformer-block, heads = 2, mlp = 2, causal = true }")]
    public async Task A_model_goes_on_where_the_prompt_ends(string layer)
    {
        StandingCluster.Write("letters.txt", string.Concat(Enumerable.Repeat("abcdefghij", 200)));
        var job = folder.Write("text.hocon", $$"""
            model { input = [8], layers = [{ type = embedding, tokens = 10, width = 16 }, {{layer}}, { type = linear, out = 10 }] }
            data { format = text, file = "letters.txt", time = 8, test-last = 0.1 }
            optimizer { type = adam, learning-rate = 0.02 }
            epochs = 4, batch = 16, slots = 2
            """);
        await TrainAsync(job);

        Assert.Equal("fghijabcdefghijabcdefghij", await GenerateAsync("--prompt", "fgh", "--length", "22", "--temperature", "0"));
        // Longer than the model's window.
        Assert.Equal("abcdefghijabcdef", await GenerateAsync("--prompt", "abcdefghijabc", "--length", "3", "--top-k", "1"));
        string[] wild = ["--prompt", "a", "--length", "60", "--temperature", "20", "--seed"];
        var text = await GenerateAsync([.. wild, "3"]);
        Assert.Equal(61, text.Length);
        Assert.Equal(text, await GenerateAsync([.. wild, "3"]));
        Assert.NotEqual(text, await GenerateAsync([.. wild, "4"]));

        await RefusedAsync("trainer: --prompt: expected characters of the training text, got 'X' (U+0058) as character 2", "--prompt", "aXb");
        await RefusedAsync("trainer: Option '--prompt' is required (see 'trainer generate --help')");
        await RefusedAsync("trainer: --temperature: expected a number from 0 to 100, got 'hot' (see 'trainer generate --help')", "--prompt", "a", "--temperature", "hot");
    }

    [Fact]
    public async Task A_model_of_no_text_is_refused()
    {
        await TrainAsync(SmallJob.Write(folder, model: "mlp", epochs: 1));
        await RefusedAsync($"trainer: {run}: expected the run of a job with data.format = text, got digits", "--prompt", "a");
    }

    private async Task TrainAsync(string job) => run = (await StandingCluster.TrainAsync(job, "--workers", "1")).Folder;

    private async Task<string> GenerateAsync(params string[] arguments)
    {
        var ended = await TrainerProcess.RunAsync(folder.Path, ["generate", run, "--data", StandingCluster.Data, .. arguments]);
        Assert.True(ended.Code == 0, $"exit code {ended.Code}: {ended.Error}");
        return ended.Output;
    }

    private async Task RefusedAsync(string line, params string[] arguments)
    {
        var ended = await TrainerProcess.RunAsync(folder.Path, ["generate", run, "--data", StandingCluster.Data, .. arguments]);
        Assert.Equal((2, line), (ended.Code, ended.Error));
    }
}
