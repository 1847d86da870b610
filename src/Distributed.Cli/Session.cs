using Distributed.Cli.Processes;
using Distributed.Cli.Terminal;

namespace Distributed.Cli;

/// <summary>What a command is given besides its options: where it prints, and how it learns that the user wants it to end.</summary>
internal sealed record Session(TerminalOutput Terminal, Interruption Interruption);
