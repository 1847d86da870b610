using Distributed.Cli.Commands;
using Distributed.Learning;

namespace Distributed.Cli.Tests.Commands;

public sealed class RunFolderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_given_folder_is_made_with_its_parents_and_left_empty()
    {
        var wanted = Path.Combine(folder.Path, "a", "b");
        Assert.Equal(wanted, RunFolder.Prepare(wanted, "digits", DateTime.UnixEpoch));
        Assert.Empty(Directory.GetFileSystemEntries(wanted));
    }

    [Fact]
    public void A_file_in_its_place_is_bad_input()
    {
        var file = Path.Combine(folder.Path, "taken");
        File.WriteAllText(file, "");
        var message = Assert.Throws<BadInputException>(() => RunFolder.Prepare(file, "digits", DateTime.UnixEpoch)).Message;
        Assert.StartsWith($"--out {file}: expected a folder that can be written to: ", message);
    }
}
