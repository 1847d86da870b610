using Distributed.Cli;
using Distributed.Cli.Processes;
using Distributed.Cli.Terminal;
using Distributed.Transport;

NativeHeap.ShareArenas();
Interruption.HearCtrlC();
using var interruption = new Interruption();
return await CommandLine.RunAsync(args, new Session(TerminalOutput.FromConsole(), interruption));
