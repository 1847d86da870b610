namespace Distributed.Learning;

/// <summary>
/// The numbers in which workers hold weights and gradients and compute. Whatever it is, servers keep weights and the optimizer's state in
/// float32.
/// </summary>
public enum Precision
{
    /// <summary>float32: 24 bits of mantissa.</summary>
    Float32,

    /// <summary>bfloat16: float32's range with 8 bits of mantissa, half the bytes (Kalamkar et al. 2019).</summary>
    Bfloat16,
}

/// <summary>The names of precisions in a job: <c>precision = bf16</c>.</summary>
public static class Precisions
{
    private const string Key = "precision";
    private const string Float32Name = "float32";
    private const string Bfloat16Name = "bf16";

    /// <summary>Reads the key <c>precision</c> of a job; without it, float32.</summary>
    /// <param name="job">The section that holds the key.</param>
    /// <exception cref="BadInputException">It is neither <c>float32</c> nor <c>bf16</c>.</exception>
    public static Precision Read(SettingsSection job) =>
        job.OneOf(Key, Float32Name, Float32Name, Bfloat16Name) == Bfloat16Name ? Precision.Bfloat16 : Precision.Float32;
}
