using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Distributed.Learning;

/// <summary>
/// One of torch's recurrent modules as a function of its input alone. Its parameters keep torch's names (<c>weight_ih_l0</c>, …), so that
/// a saved model is one of PyTorch.
/// </summary>
internal sealed class RecurrentModule : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module network;
    private readonly Func<Tensor, (Tensor Outputs, Tensor Last)> run;
    private readonly bool last;
    private readonly bool bidirectional;

    private RecurrentModule(nn.Module network, Func<Tensor, (Tensor Outputs, Tensor Last)> run, bool last, bool bidirectional) : base("Recurrent")
    {
        this.network = network;
        this.run = run;
        this.last = last;
        this.bidirectional = bidirectional;
        RegisterComponents();
    }

    public static RecurrentModule Of(LSTM lstm, bool last, bool bidirectional) => new(lstm, input =>
    {
        var (outputs, state, _) = lstm.call(input);
        return (outputs, state);
    }, last, bidirectional);

    public static RecurrentModule Of(GRU gru, bool last, bool bidirectional) => new(gru, input => gru.call(input), last, bidirectional);

    public static RecurrentModule Of(RNN rnn, bool last, bool bidirectional) => new(rnn, input => rnn.call(input), last, bidirectional);

    public override IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true) =>
        recurse ? network.named_parameters() : [];

    public override Tensor forward(Tensor input)
    {
        // TorchSharp makes the zero states and the last ones at every call; the scope frees what is not handed on.
        using var scope = NewDisposeScope();
        var (outputs, state) = run(input);
        if (!last) return outputs.MoveToOuterDisposeScope();
        // [layers · directions, batch, hidden]: the top layer's forward state, then its backward one.
        var top = state.select(0, -1);
        return (bidirectional ? cat([state.select(0, -2), top], 1) : top).MoveToOuterDisposeScope();
    }
}
