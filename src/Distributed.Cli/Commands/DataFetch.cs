using System.CommandLine;
using System.Globalization;
using Distributed.Cli.Downloads;
using Distributed.Cli.Terminal;
using Distributed.Learning;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer data fetch</c>: brings a public data set into the data folder.</summary>
internal static class DataFetch
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer data fetch mnist --data ~/data               the four files of MNIST, into ~/data/mnist",
        "trainer data fetch cifar-10 --from https://mirror.example/cifar/   from another place",
    ];

    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    /// <summary>The command.</summary>
    public static Command Create(Session session)
    {
        var command = new Command("fetch", "Downloads a public data set and checks it. A download that broke off goes on where it stopped.");
        var names = PublicDataSet.All.Select(set => set.Name).ToArray();
        var name = new Argument<string>("NAME") { Description = string.Join(", ", names) };
        name.Validators.Add(result =>
        {
            var given = result.Tokens[0].Value;
            if (!names.Contains(given))
                result.AddError($"NAME: expected one of {string.Join(", ", names)}, got '{given}'{NearestName.Hint(given, names)}");
        });
        var data = Parsing.Text("--data", "DIR", "the data folder (default: this folder)");
        var from = Parsing.Text("--from", "URL", "where the files are, instead of the usual place");
        command.Add(name);
        command.Add(data);
        command.Add(from);
        command.SetAction((parsed, _) =>
        {
            session.Interruption.Listen();
            return RunAsync(
                PublicDataSet.All.First(set => set.Name == parsed.GetValue(name)), parsed.GetValue(data) ?? ".", parsed.GetValue(from),
                Download.Create(Silence), session.Terminal, session.Interruption.Token);
        });
        return command;
    }

    /// <summary>Brings what is not there yet.</summary>
    /// <param name="set">The data set.</param>
    /// <param name="dataFolder">The data folder.</param>
    /// <param name="from">Another place to fetch from, or null.</param>
    /// <param name="download">How files are brought.</param>
    /// <param name="terminal">Told what is done.</param>
    /// <param name="stop">Ends it; what has come is kept.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="IOException">It can't be fetched; the message says what to place where by hand.</exception>
    /// <exception cref="BadInputException"><paramref name="from"/> is no address.</exception>
    internal static async Task<int> RunAsync(
        PublicDataSet set, string dataFolder, string? from, Download download, TerminalOutput terminal, CancellationToken stop)
    {
        var source = Source(from ?? set.Source);
        var folder = Path.Combine(dataFolder, set.Folder);
        Directory.CreateDirectory(folder);
        if (set.Unpacked.Count > 0 && set.Unpacked.All(file => IsUnpacked(folder, file.Key, file.Value)))
        {
            terminal.Out.WriteLine($"{folder}: already there");
            return ExitCodes.Done;
        }

        foreach (var file in set.Files)
        {
            var path = Path.Combine(folder, file.Name);
            if (Download.IsThere(path, file.Sha256))
            {
                terminal.Out.WriteLine($"{path}: already there");
                continue;
            }
            try
            {
                await download.FetchAsync(new Uri(source, file.Name), path, file.Sha256, Progress(path, terminal), stop);
            }
            catch (Exception exception) when (exception is IOException or TimeoutException)
            {
                var files = string.Join(", ", set.Files.Select(each => each.Name));
                throw new IOException($"{exception.Message}; place {files} of {source} in {folder} by hand, then run this again", exception);
            }
            terminal.Out.WriteLine($"{path}: {Megabytes(new FileInfo(path).Length)}, checked");
        }

        if (set.Unpacked.Count > 0)
            foreach (var file in set.Files)
            {
                var archive = Path.Combine(folder, file.Name);
                Archive.Unpack(archive, folder, set.Unpacked);
                File.Delete(archive);
                terminal.Out.WriteLine($"{folder}: {string.Join(", ", set.Unpacked.Keys)}");
            }
        return ExitCodes.Done;
    }

    private static bool IsUnpacked(string folder, string name, long bytes) =>
        new FileInfo(Path.Combine(folder, name)) is { Exists: true } file && file.Length == bytes;

    // A moving line on a terminal; in a log the result alone.
    private static Action<long, long?> Progress(string path, TerminalOutput terminal)
    {
        if (!terminal.Interactive) return (_, _) => { };
        var shown = 0L;
        return (bytes, whole) =>
        {
            if (bytes - shown < 1 << 20 && bytes != whole) return;
            shown = bytes;
            terminal.Out.Write($"\r{path}: {Megabytes(bytes)}{(whole is { } all ? $" of {Megabytes(all)}" : "")}{(bytes == whole ? "\r" : "")}");
        };
    }

    private static Uri Source(string text) =>
        Uri.TryCreate(text.EndsWith('/') ? text : text + "/", UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address : throw new BadInputException($"--from: expected an address that begins with http:// or https://, got '{text}'");

    private static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:F1} MB");
}
