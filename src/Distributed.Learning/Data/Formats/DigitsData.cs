namespace Distributed.Learning;

/// <summary>The digits that the program draws itself: <c>data { format = digits, train = 8000, test = 2000 }</c>.</summary>
internal sealed record DigitsData(int TrainingSamples, int TestSamples) : DataSpec
{
    public const string Name = "digits";

    public override string Format => Name;

    public override IReadOnlyList<long> InputShape => DrawnDigits.Shape;

    public override int? KnownClasses => DrawnDigits.Classes;

    public static DigitsData Read(SettingsSection section) => new(
        section.Integer("train", 8000, 1, SampleStreams.MostSamples), section.Integer("test", 2000, 1, SampleStreams.MostSamples));

    private protected override float[] Black => DrawnDigits.Pixels.Black;

    private protected override (IDataSet Training, IDataSet Test) Load(string dataFolder, long seed) => (
        DrawnDigits.Create(TrainingSamples, SampleStreams.Training(seed)), DrawnDigits.Create(TestSamples, SampleStreams.Test(seed)));
}
