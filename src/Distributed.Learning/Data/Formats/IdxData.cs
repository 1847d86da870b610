namespace Distributed.Learning;

/// <summary>
/// Files of the MNIST family: <c>data { format = idx, folders = [mnist, mnist8k], classes = 10, mean = 0.13, std = 0.31 }</c>.
/// </summary>
/// <param name="Folders">Folders that may hold the files, the preferred one first; relative to the data folder.</param>
/// <param name="Classes">How many classes the labels come from.</param>
/// <param name="Pixels">What a byte of an image means.</param>
internal sealed record IdxData(IReadOnlyList<string> Folders, int Classes, Pixels Pixels) : DataSpec
{
    public const string Name = "idx";

    public override string Format => Name;

    public override int? KnownClasses => Classes;

    public static IdxData Read(SettingsSection section) => new(
        DataFile.Names(section, "folders", "folder"), section.Integer("classes", 10, 1, 256), Pixels.Read(section, channels: 1));

    public override void CheckFiles(string dataFolder, DataCache? cache = null) => IdxFolder.Find(dataFolder, Folders);

    private protected override IReadOnlyList<string> Sources(string dataFolder) => IdxFolder.Find(dataFolder, Folders).Files;

    private protected override float[] Black => Pixels.Black;

    private protected override (IDataSet Training, IDataSet Test) Load(string dataFolder, long seed) =>
        IdxFolder.Find(dataFolder, Folders).Open(Classes, Pixels);
}
