namespace Distributed.Learning;

/// <summary>
/// A node of a configuration tree, free of the format it was written in.
/// <see cref="SettingsSection"/> reads it with checks.
/// </summary>
public abstract record Setting;

/// <summary>A scalar (number, flag or string), kept as the text that was written.</summary>
/// <param name="Value">The text without quotes.</param>
public sealed record SettingText(string Value) : Setting;

/// <summary>A list of settings.</summary>
/// <param name="Items">The items in the order in which they were written.</param>
public sealed record SettingList(IReadOnlyList<Setting> Items) : Setting;

/// <summary>A set of keys with their settings.</summary>
/// <param name="Members">Keys and settings in the order in which they were written; of equal keys the last one counts.</param>
public sealed record SettingObject(IReadOnlyList<KeyValuePair<string, Setting>> Members) : Setting;
