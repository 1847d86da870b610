namespace Distributed.Cluster.Coordination;

/// <summary>Which slots each worker computes: consecutive slots, shares that differ by one at most.</summary>
internal static class SlotLeases
{
    /// <summary>The slots of each of <paramref name="workers"/> workers (at most as many as slots).</summary>
    public static IReadOnlyList<int[]> Deal(int slots, int workers) =>
    [
        .. Enumerable.Range(0, workers).Select(worker =>
        {
            var first = (int)((long)slots * worker / workers);
            var end = (int)((long)slots * (worker + 1) / workers);
            return Enumerable.Range(first, end - first).ToArray();
        }),
    ];
}
