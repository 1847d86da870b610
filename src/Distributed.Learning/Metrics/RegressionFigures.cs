namespace Distributed.Learning;

/// <summary>How far predicted values are from their targets, in units of the data's source: of the target column as it is in the file.</summary>
/// <param name="MeanSquaredError">The mean of (prediction − target)², in the square of the unit.</param>
/// <param name="RootMeanSquaredError">Its root.</param>
/// <param name="MeanAbsoluteError">The mean of |prediction − target|.</param>
/// <param name="RSquared">
/// 1 − Σ (prediction − target)² / Σ (target − mean)²: 1 is perfect, 0 no better than the mean. With several outputs the plain mean over
/// them. Targets that are all alike give 1 where all are met and 0 elsewhere.
/// </param>
public sealed record RegressionFigures(double MeanSquaredError, double RootMeanSquaredError, double MeanAbsoluteError, double RSquared)
{
    /// <summary>
    /// Adds blocks up in the order given. Means and squares about them are merged pairwise (Chan, Golub and LeVeque: Updating formulae
    /// and a pairwise algorithm for computing sample variances, 1979), which loses no digits where the mean is far from 0.
    /// </summary>
    internal static RegressionFigures Of(IReadOnlyList<RegressionSums> blocks, List<string> notes)
    {
        var outputs = blocks[0].SquaredErrors.Length;
        var (squared, absolute, r2, alike) = (0.0, 0.0, 0.0, 0);
        var count = blocks.Sum(block => block.Count);
        for (var output = 0; output < outputs; output++)
        {
            var (seen, mean, spread, errors) = (0L, 0.0, 0.0, 0.0);
            foreach (var block in blocks)
            {
                var both = seen + block.Count;
                if (both == 0) continue;
                var apart = block.TargetMeans[output] - mean;
                spread += block.TargetSquares[output] + (apart * apart * seen * block.Count / both);
                mean += apart * block.Count / both;
                seen = both;
                errors += block.SquaredErrors[output];
                absolute += block.AbsoluteErrors[output];
            }

            squared += errors;
            if (spread == 0) alike++;
            r2 += spread > 0 ? 1 - (errors / spread) : errors == 0 ? 1 : 0;
        }

        if (alike > 0) notes.Add($"all targets of {alike} of {outputs} outputs are alike: their R² counts as 1 where every one is met, else as 0");
        var values = (double)count * outputs;
        // Standardised targets are the source's values divided by their deviation; R² has no unit.
        var unit = blocks[0].Unit;
        return new RegressionFigures(
            unit * unit * squared / values, unit * Math.Sqrt(squared / values), unit * absolute / values, r2 / outputs);
    }
}
