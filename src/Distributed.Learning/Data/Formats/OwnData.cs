namespace Distributed.Learning;

/// <summary>Data that the program brings itself: <c>data { factory = NAME }</c>.</summary>
internal sealed record OwnData(Func<long, (IDataSet Training, IDataSet Test)> Create) : DataSpec
{
    public override string Format => "own data";

    public override int? KnownTokens => null;

    public static OwnData Read(SettingsSection section) => new(Factories.Data(section));

    private protected override (IDataSet Training, IDataSet Test) Load(string dataFolder, long seed) => Create(seed);
}
