using static TorchSharp.torch;

namespace Distributed.Learning.Tests;

public class TextGeneratorTests
{
    [Fact]
    public void The_model_sees_the_last_tokens_as_in_training()
    {
        var seen = new List<long[]>();
        var drawn = TextGenerator.Continue(Next, [1, 2, 3], time: 4, tokens: 9, length: 4, new Sampling(Temperature: 0)).ToArray();

        Assert.Equal([4L, 5, 6, 7], drawn);
        Assert.Equal([[1L, 2, 3, 0], [1L, 2, 3, 4], [2L, 3, 4, 5], [3L, 4, 5, 6]], seen);

        // Sure that 1 is added at every place.
        Tensor Next(Tensor inputs)
        {
            seen.Add(inputs.data<long>().ToArray());
            return nn.functional.one_hot(inputs + 1, 10).to_type(ScalarType.Float32) * 50;
        }
    }

    [Fact]
    public void Outputs_that_are_no_token_are_never_drawn() =>
        Assert.All(TextGenerator.Continue(Even, [0], time: 2, tokens: 3, length: 200, new Sampling()), token => Assert.InRange(token, 0, 2));

    [Fact]
    public void A_seed_gives_the_same_text_again_and_another_one_another()
    {
        long[] Text(long seed) => [.. TextGenerator.Continue(Even, [0], time: 2, tokens: 20, length: 40, new Sampling(Seed: seed))];

        Assert.Equal(Text(5), Text(5));
        Assert.NotEqual(Text(5), Text(6));
    }

    [Theory]
    [InlineData(1, 0, new[] { 0.5, 0.25, 0.125, 0.125 })]
    [InlineData(0.5, 0, new[] { 16 / 22.0, 4 / 22.0, 1 / 22.0, 1 / 22.0 })]
    [InlineData(1, 2, new[] { 2 / 3.0, 1 / 3.0, 0, 0 })]
    [InlineData(0, 3, new[] { 1.0, 0, 0, 0 })]
    public void Tokens_come_as_often_as_temperature_and_top_k_say(double temperature, int topK, double[] expected)
    {
        const int draws = 40_000;
        double[] scores = [.. new[] { 0.5, 0.25, 0.125, 0.125 }.Select(p => Math.Log(p) + 7)];
        var random = new Xoshiro256(3);
        var counts = new int[4];
        for (var i = 0; i < draws; i++) counts[TextGenerator.Draw(scores, new Sampling(temperature, topK), random)]++;

        // Five standard deviations of a share.
        for (var token = 0; token < 4; token++)
            Assert.InRange(counts[token] / (double)draws, expected[token] - 0.0125, expected[token] + 0.0125);
        Assert.Equal(expected.Select(share => share > 0), counts.Select(count => count > 0));
    }

    [Fact]
    public void Characters_go_to_numbers_and_back_and_an_unknown_one_is_named()
    {
        var text = TextCodec.OfCharacters(new Vocabulary(["a", "b", "😀"], ""));
        Assert.Equal([1L, 2, 0], text.Encode("b😀a"));
        Assert.Equal("b😀a", string.Concat(text.Decode([1, 2, 0])));
        Assert.Equal(
            "expected characters of the training text, got 'é' (U+00E9) as character 3",
            Assert.Throws<BadInputException>(() => text.Encode("a😀éb")).Message);
        Assert.Contains("got '\\u000a' (U+000A) as character 1", Assert.Throws<BadInputException>(() => text.Encode("\n")).Message);
    }

    [Fact]
    public void Bytes_become_characters_once_they_are_whole()
    {
        Assert.Equal([0xC3L, 0xA9, 0x21], TextCodec.OfBytes.Encode("é!"));
        Assert.Equal(["", "é", "!", ""], TextCodec.OfBytes.Decode([0xC3, 0xA9, 0x21]));
        Assert.Equal("!\uFFFD", string.Concat(TextCodec.OfBytes.Decode([0x21, 0xC3])));
    }

    private static Tensor Even(Tensor inputs) => zeros([inputs.shape[0], inputs.shape[1], 20]);
}
