using System.Text.Json;

namespace Distributed.EndToEnd.Tests;

/// <summary>The benchmark with a size that says nothing of speed: it ends well, and every weight was right.</summary>
public class ExchangeTests
{
    [Theory]
    [InlineData("auto", "sgd", 1, "shared-memory")]
    [InlineData("tcp", "adam", 2, "tcp")]
    public async Task The_exchange_alone_gives_the_right_weights_and_its_figures(string transport, string optimizer, int servers, string link)
    {
        using var folder = new TemporaryFolder();
        // More pages than one: both servers have a shard, and the last is no whole page.
        var ended = await TrainerProcess.RunAsync(
            folder.Path, "bench", "exchange", "--sizes", "5001", "--rounds", "1", "--transport", transport, "--optimizer", optimizer,
            "--servers", $"{servers}", "--json", "figures.json", "--chart", "figures.svg");
        Assert.Equal("", ended.Error);
        Assert.Equal(0, ended.Code);
        var row = Assert.Single(JsonDocument.Parse(File.ReadAllText(Path.Combine(folder.Path, "figures.json"))).RootElement.GetProperty("figures").EnumerateArray());
        Assert.Equal(5001, row.GetProperty("parameters").GetInt64());
        Assert.Equal(Enumerable.Range(1, servers).Select(number => $"server-{number}:{link}"), row.GetProperty("links").EnumerateArray().Select(entry => entry.GetString()));
        Assert.True(row.GetProperty("exchange").GetProperty("min").GetDouble() > 0);
        Assert.Contains("<svg", File.ReadAllText(Path.Combine(folder.Path, "figures.svg")));
    }
}
