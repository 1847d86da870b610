namespace Distributed.Learning;

/// <summary>Every data format that a job may name. A further format is one record in <c>Data/Formats</c> and one line here.</summary>
internal static class DataFormats
{
    private static readonly Dictionary<string, Func<SettingsSection, IReadOnlyList<long>?, DataSpec>> Readers = new()
    {
        [DigitsData.Name] = (section, _) => DigitsData.Read(section),
        [IdxData.Name] = (section, _) => IdxData.Read(section),
        [Cifar10Data.Name] = (section, _) => Cifar10Data.Read(section),
        [ImageFolderData.Name] = (section, _) => ImageFolderData.Read(section),
        [CsvData.Name] = (section, _) => CsvData.Read(section),
        [LabelledLinesData.Name] = (section, _) => LabelledLinesData.Read(section),
        [TextData.Name] = (section, _) => TextData.Read(section),
        [SeriesData.Name] = (section, _) => SeriesData.Read(section),
        [RandomData.Name] = RandomData.Read,
    };

    public static DataSpec Read(SettingsSection section, IReadOnlyList<long>? modelInput) =>
        section.Has(Factories.Key) ? OwnData.Read(section) : Readers[section.OneOf("format", null, [.. Readers.Keys])](section, modelInput);
}
