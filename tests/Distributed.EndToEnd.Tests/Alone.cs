namespace Distributed.EndToEnd.Tests;

/// <summary>Tests that load a machine so much, or measure it, that nothing else may run beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
