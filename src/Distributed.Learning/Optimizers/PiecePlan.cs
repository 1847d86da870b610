namespace Distributed.Learning;

/// <summary>A range of a shard that one call of the rule updates.</summary>
/// <param name="Start">Its first float, counted from the shard's.</param>
/// <param name="Floats">Its length.</param>
/// <param name="Settings">What holds for all of it.</param>
/// <param name="Entry">The parameter that it is part of, where the rule needs that parameter's norms; otherwise −1.</param>
internal readonly record struct PieceRange(long Start, long Floats, PieceSettings Settings, int Entry = -1);

/// <summary>Cuts a shard into pieces: where settings change, and where a piece would outgrow the cache.</summary>
internal static class PiecePlan
{
    /// <summary>Pieces of a range without parameters' names.</summary>
    public static IEnumerable<PieceRange> Cut(long floats, PieceSettings settings, int pieceFloats) =>
        Cut(new PieceRange(0, floats, settings), pieceFloats);

    /// <summary>Pieces of the range [<paramref name="offset"/>, offset + <paramref name="length"/>) of a flat vector.</summary>
    /// <exception cref="BadInputException">A group of the job matches no parameter.</exception>
    public static IEnumerable<PieceRange> Cut(OptimizerSpec spec, ParameterLayout layout, long offset, long length, int pieceFloats)
    {
        spec.CheckGroups(layout);
        return Runs(spec, layout, offset, length).SelectMany(run => Cut(run, pieceFloats));
    }

    // Parameters of equal settings that lie side by side are one run; padding goes with the parameter before it.
    private static IEnumerable<PieceRange> Runs(OptimizerSpec spec, ParameterLayout layout, long offset, long length)
    {
        PieceRange? run = null;
        for (var i = 0; i < layout.Parameters.Count; i++)
        {
            var entry = layout.Parameters[i];
            var start = Math.Max(offset, entry.Offset);
            var end = Math.Min(offset + length, i + 1 < layout.Parameters.Count ? layout.Parameters[i + 1].Offset : layout.TrainableLength);
            if (start >= end) continue;
            // Biases and norms step without a ratio, as in the authors' code of LAMB: their own norms say nothing.
            var adapted = OptimizerKinds.IsLayerwise(spec.Type) && entry.Shape.Count > 1 ? i : -1;
            var next = new PieceRange(start - offset, end - start, spec.SettingsOf(entry), adapted);
            if (run is { Entry: -1 } last && adapted == -1 && last.Settings == next.Settings)
            {
                run = last with { Floats = last.Floats + next.Floats };
                continue;
            }
            if (run is { } done) yield return done;
            run = next;
        }
        if (run is { } rest) yield return rest;
    }

    private static IEnumerable<PieceRange> Cut(PieceRange run, int pieceFloats)
    {
        // Pieces end at multiples of their size in the shard, so that no block of a norm lies in two of them.
        for (var start = run.Start; start < run.Start + run.Floats;)
        {
            var end = Math.Min(run.Start + run.Floats, (start / pieceFloats + 1) * pieceFloats);
            yield return run with { Start = start, Floats = end - start };
            start = end;
        }
    }
}
