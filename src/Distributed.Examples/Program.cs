// Two interleaved spirals, told apart by a network of this program's own: Distributed.Examples [WORKERS [EPOCHS]].
using Distributed;
using Distributed.Learning;
using TorchSharp;
using static TorchSharp.torch;

int Argument(int place, int fallback) => args.Length > place && int.TryParse(args[place], out var given) ? given : fallback;

// Ctrl-C ends the training in order, with a checkpoint.
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, key) =>
{
    key.Cancel = true;
    stop.Cancel();
};
var plan = new TrainingPlan
{
    Name = "spirals",
    Module = () => new SpiralNet(hidden: 48),
    Data = seed => (Spirals(2000, seed), Spirals(500, seed + 1)),
    Optimizer = "{ type = adam, learning-rate = 0.01, clip-norm = 1 }",
    Epochs = Argument(1, 12),
    Batch = 96,
    Slots = 6,
    Workers = Argument(0, 2),
};
try
{
    using var trained = await DistributedTraining.RunAsync(args, plan, stop.Token);
    using var point = trained.Module.call(tensor(new float[,] { { -0.5f, 0 } })).softmax(1);
    Console.WriteLine($"test accuracy {trained.Evaluation.Accuracy:P2}, fingerprint {trained.WeightsSha256}");
    Console.WriteLine($"the first spiral goes through (-0.5, 0) with probability {point[0, 0].ToSingle():F3}; the run is in {trained.Folder}");
    return 0;
}
catch (OperationCanceledException cancelled)
{
    Console.WriteLine(cancelled.Message);
    return 130;
}

// Points [samples, 2] within the unit circle; spiral 1 is spiral 0 turned by half a circle.
static IDataSet Spirals(int samples, long seed)
{
    using var scope = NewDisposeScope();
    using var generator = new Generator((ulong)seed);
    var radius = rand([samples, 1], generator: generator);
    var spiral = randint(0, 2, [samples, 1], dtype: ScalarType.Int64, generator: generator);
    var angle = radius * 2 * Math.PI + spiral * Math.PI + randn([samples, 1], generator: generator) * 0.1;
    return DataSets.OfClasses(cat([radius * angle.cos(), radius * angle.sin()], 1), spiral.squeeze(1), classes: 2);
}

internal sealed class SpiralNet : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> first, norm, second, last;

    public SpiralNet(long hidden) : base(nameof(SpiralNet))
    {
        (first, norm) = (nn.Linear(2, hidden), Norms.BatchNorm(hidden));
        (second, last) = (nn.Linear(hidden, hidden), nn.Linear(hidden, 2));
        RegisterComponents();
    }

    public override Tensor forward(Tensor points) => last.call(second.call(norm.call(first.call(points)).relu()).relu());
}
