using System.IO.Enumeration;

namespace Distributed.Learning;

/// <summary>
/// Parameters with settings of their own, written as <c>{ match = "*.bias", weight-decay = 0, l1 = 0, learning-rate-factor = 2 }</c>.
/// </summary>
/// <param name="Match">A pattern of names such as <c>0.weight</c>: <c>*</c> stands for any text, <c>?</c> for any character.</param>
/// <param name="WeightDecay">The group's weight decay; null: as without the group.</param>
/// <param name="L1">The group's L1 penalty; null: as without the group.</param>
/// <param name="LearningRateFactor">What the learning rate is multiplied by; 0 keeps the weights as they are.</param>
public sealed record ParameterGroup(string Match, double? WeightDecay = null, double? L1 = null, double LearningRateFactor = 1)
{
    internal static ParameterGroup Read(SettingsSection section)
    {
        var group = new ParameterGroup(
            section.Text("match"),
            section.Has("weight-decay") ? section.Number("weight-decay", null, 0) : null,
            section.Has("l1") ? section.Number("l1", null, 0) : null,
            section.Number("learning-rate-factor", 1, 0));
        section.RejectUnknownKeys();
        return group;
    }

    internal bool Matches(string name) => FileSystemName.MatchesSimpleExpression(Match, name, ignoreCase: false);
}

/// <summary>What may differ from one parameter to another.</summary>
internal readonly record struct PieceSettings(double WeightDecay, double L1, double LearningRateFactor);
