using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using Distributed.Cli.Commands;
using Distributed.Cli.Downloads;
using Distributed.Cli.Terminal;
using Distributed.Learning;

namespace Distributed.Cli.Tests.Downloads;

public sealed class DataFetchTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("cli-tests-").FullName;
    private readonly byte[] content = new byte[300_000];
    private readonly StringWriter output = new();

    public DataFetchTests() => new Random(1).NextBytes(content);

    private string Target => Path.Combine(folder, "set", "file.bin");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_file_is_fetched_checked_and_not_fetched_again()
    {
        using var server = new FileServer(content);

        await FetchAsync(server);
        await FetchAsync(server);

        Assert.Equal(content, await File.ReadAllBytesAsync(Target));
        Assert.Equal([""], server.Ranges);
        Assert.Contains("file.bin: 0.3 MB, checked", output.ToString());
        Assert.Contains("file.bin: already there", output.ToString());
        Assert.False(File.Exists(Target + ".part"));
    }

    [Fact]
    public async Task A_download_that_broke_off_goes_on_where_it_stopped()
    {
        using var server = new FileServer(content) { CutAfter = 100_000 };

        await FetchAsync(server);

        Assert.Equal(content, await File.ReadAllBytesAsync(Target));
        Assert.Equal(2, server.Ranges.Count);
        Assert.Matches("^bytes=[1-9][0-9]*-$", server.Ranges[1]);
    }

    [Fact]
    public async Task What_an_earlier_call_left_is_gone_on_from()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Target)!);
        await File.WriteAllBytesAsync(Target + ".part", content[..1234]);
        using var server = new FileServer(content);

        await FetchAsync(server);

        Assert.Equal(content, await File.ReadAllBytesAsync(Target));
        Assert.Equal(["bytes=1234-"], server.Ranges);
    }

    [Theory]
    [InlineData(300_000)]
    [InlineData(400_000)]
    public async Task A_rest_that_is_whole_or_too_long_is_no_trouble(int length)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Target)!);
        await File.WriteAllBytesAsync(Target + ".part", new byte[length]);
        using var server = new FileServer(content);

        await FetchAsync(server);

        Assert.Equal(content, await File.ReadAllBytesAsync(Target));
    }

    [Fact]
    public async Task A_server_that_knows_no_ranges_sends_the_whole_again()
    {
        using var server = new FileServer(content) { CutAfter = 100_000, IgnoresRanges = true };

        await FetchAsync(server);

        Assert.Equal(content, await File.ReadAllBytesAsync(Target));
    }

    [Fact]
    public async Task Another_file_than_the_known_one_is_refused_and_not_kept()
    {
        using var server = new FileServer(content);
        var set = Set(Convert.ToHexStringLower(SHA256.HashData([1, 2, 3])));

        var error = await Assert.ThrowsAsync<IOException>(() => FetchAsync(server, set));

        Assert.Contains($"expected a file with the SHA-256 {set.Files[0].Sha256}, got", error.Message);
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(Target)!));
    }

    [Fact]
    public async Task A_server_that_stays_silent_is_given_up_with_what_to_place_where()
    {
        using var server = new FileServer(content) { Silent = true };

        var error = await Assert.ThrowsAsync<IOException>(() => FetchAsync(server, silence: TimeSpan.FromMilliseconds(200)));

        Assert.Contains("nothing came for", error.Message);
        Assert.Contains($"place file.bin of {server.Address} in {Path.GetDirectoryName(Target)} by hand", error.Message);
    }

    [Fact]
    public async Task A_server_without_the_file_is_asked_once_and_one_that_is_not_there_is_named()
    {
        string gone;
        using (var server = new FileServer(content) { Status = "404 Not Found" })
        {
            gone = server.Address;
            var absent = await Assert.ThrowsAsync<IOException>(() => FetchAsync(server));
            Assert.Contains("the server answered 404 (Not Found)", absent.Message);
            Assert.Single(server.Ranges);
        }

        var offline = await Assert.ThrowsAsync<IOException>(() => RunAsync(gone, Set(), TimeSpan.FromSeconds(5)));
        Assert.Contains("by hand", offline.Message);
    }

    [Fact]
    public async Task An_archive_gives_the_named_files_and_no_others()
    {
        var archive = Pack(("set/one.bin", [1, 2, 3]), ("../../evil.bin", [6]), ("set/two.bin", [4, 5]));
        using var server = new FileServer(archive);
        var set = Set(Convert.ToHexStringLower(SHA256.HashData(archive))) with
        {
            Unpacked = new Dictionary<string, long> { ["one.bin"] = 3, ["two.bin"] = 2 },
        };

        await FetchAsync(server, set);
        await FetchAsync(server, set);

        Assert.Single(server.Ranges);
        Assert.Equal(["one.bin", "two.bin"], Directory.GetFiles(Path.Combine(folder, "set")).Select(Path.GetFileName).Order());
        Assert.Equal([4, 5], await File.ReadAllBytesAsync(Path.Combine(folder, "set", "two.bin")));
    }

    [Fact]
    public void An_archive_without_a_file_or_with_another_size_is_refused()
    {
        var path = Path.Combine(folder, "a.tar.gz");
        File.WriteAllBytes(path, Pack(("one.bin", [1, 2, 3])));

        Assert.Contains("expected two.bin in it", Assert.Throws<IOException>(() => Archive.Unpack(path, folder, Wanted(("one.bin", 3), ("two.bin", 2)))).Message);
        Assert.Contains("one.bin: expected 4 bytes, got 3", Assert.Throws<IOException>(() => Archive.Unpack(path, folder, Wanted(("one.bin", 4)))).Message);

        static Dictionary<string, long> Wanted(params (string Name, long Bytes)[] files) => files.ToDictionary(file => file.Name, file => file.Bytes);
    }

    [Fact]
    public async Task What_is_no_address_is_bad_input() =>
        Assert.Contains("--from: expected", (await Assert.ThrowsAsync<BadInputException>(() => RunAsync("mirror", Set(), TimeSpan.FromSeconds(5)))).Message);

    private Task FetchAsync(FileServer server, PublicDataSet? set = null, TimeSpan? silence = null) =>
        RunAsync(server.Address, set ?? Set(), silence ?? TimeSpan.FromSeconds(20));

    private async Task RunAsync(string from, PublicDataSet set, TimeSpan silence) => Assert.Equal(
        ExitCodes.Done,
        await DataFetch.RunAsync(set, folder, from, Download.Create(silence), new TerminalOutput(output, output, false), CancellationToken.None));

    private PublicDataSet Set(string? sha256 = null) => new(
        "set", "set", "http://unused.example/", [new PublicFile("file.bin", sha256 ?? Convert.ToHexStringLower(SHA256.HashData(content)))],
        new Dictionary<string, long>());

    private static byte[] Pack(params (string Name, byte[] Bytes)[] files)
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Fastest))
        using (var tar = new TarWriter(gzip))
            foreach (var (name, bytes) in files)
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(bytes) });
        return memory.ToArray();
    }
}
