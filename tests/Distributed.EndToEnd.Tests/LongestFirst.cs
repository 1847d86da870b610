using Xunit.Abstractions;

namespace Distributed.EndToEnd.Tests;

/// <summary>Classes that take minutes begin before all others: the last one of them would have a core to itself and leave the other idle.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Longest =
    [
        nameof(ChaosTests), nameof(CutLinksTests), nameof(FaultTests), nameof(ResumeTests), nameof(CoordinatorFaultTests), nameof(SumsOnHostsTests),
    ];

    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections) => testCollections.OrderBy(collection =>
        Array.FindIndex(Longest, name => collection.DisplayName.EndsWith($".{name}", StringComparison.Ordinal)) is >= 0 and var place ? place : Longest.Length);
}
