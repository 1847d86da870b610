using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// A recurrent network over [time, features]: <c>rnn</c> (Elman, 1990), <c>lstm</c> (Hochreiter and Schmidhuber, 1997) or <c>gru</c> (Cho et
/// al., 2014), as
/// <c>{ type = lstm, hidden = 256, layers = 2, bidirectional = false, dropout = 0, bias = true, output = sequence }</c>.
/// The output is [time, hidden], or the last state of the top layer, [hidden], with <c>output = last</c>; twice as wide when bidirectional
/// (the backward half of the last state is the one at the first position). Dropout acts between the layers. An <c>rnn</c> may have
/// <c>nonlinearity = relu</c> instead of <c>tanh</c>. Every sample starts from a zero state.
/// </summary>
internal sealed record RecurrentLayer(
    string Cell, int Hidden, int Layers = 1, bool Bidirectional = false, double Dropout = 0, bool Bias = true, bool Last = false,
    bool Relu = false, Initialisation? Init = null) : LayerSpec
{
    public const string Rnn = "rnn";
    public const string Lstm = "lstm";
    public const string Gru = "gru";

    public override string Type => Cell;

    private int Directions => Bidirectional ? 2 : 1;

    private int Gates => Cell switch { Lstm => 4, Gru => 3, _ => 1 };

    public static RecurrentLayer Read(SettingsSection section, string cell)
    {
        var layers = section.Integer("layers", 1, 1, 64);
        var layer = new RecurrentLayer(cell, section.Integer("hidden", null, 1, 1 << 16), layers, section.Flag("bidirectional", false),
            section.Number("dropout", 0, 0, 1), section.Flag("bias", true),
            section.OneOf("output", "sequence", "sequence", "last") == "last",
            cell == Rnn && section.OneOf("nonlinearity", "tanh", "tanh", "relu") == "relu", Initialisation.Read(section));
        return layer.Dropout == 0 || layers > 1 ? layer
            : throw section.Error("dropout", "expected at least two layers with it, between which it acts; put a dropout layer after a single one");
    }

    internal override LayerFit Fit(IReadOnlyList<long> input)
    {
        if (input.Count != 2) return LayerFit.Fails("[time, features]");
        var width = (long)Directions * Hidden;
        return Last ? LayerFit.Gives(width) : LayerFit.Gives(input[0], width);
    }

    internal override long Parameters(IReadOnlyList<long> input) => Enumerable.Range(0, Layers).Sum(layer =>
        (long)Directions * Gates * Hidden * ((layer == 0 ? input[1] : (long)Directions * Hidden) + Hidden + (Bias ? 2 : 0)));

    internal override nn.Module<Tensor, Tensor> Build(IReadOnlyList<long> input) => (Cell switch
    {
        Lstm => RecurrentModule.Of(nn.LSTM(input[1], Hidden, Layers, Bias, true, Dropout, Bidirectional), Last, Bidirectional),
        Gru => RecurrentModule.Of(nn.GRU(input[1], Hidden, Layers, Bias, true, Dropout, Bidirectional), Last, Bidirectional),
        _ => RecurrentModule.Of(
            nn.RNN(input[1], Hidden, Layers, Relu ? nn.NonLinearities.ReLU : nn.NonLinearities.Tanh, Bias, true, Dropout, Bidirectional),
            Last, Bidirectional),
    }).With(Init);
}
