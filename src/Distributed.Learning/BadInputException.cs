namespace Distributed.Learning;

/// <summary>
/// Something that a person gave to the program cannot be used: a setting, a file, a shape that does not fit.
/// The message is one line that names the place (file, key, layer), what was expected and what came; it is shown as it is.
/// </summary>
/// <param name="message">The whole line for the user.</param>
/// <param name="inner">The failure below it, where there is one.</param>
public sealed class BadInputException(string message, Exception? inner = null) : Exception(message, inner);
