using System.CommandLine;
using Distributed.Cluster.Security;

namespace Distributed.Cli.Commands;

/// <summary>The options <c>--certs</c> and <c>--insecure</c>: the same wherever a process becomes a node or talks to one.</summary>
internal sealed class SecurityArguments
{
    private readonly Option<string?> certificates = Parsing.Text(
        "--certs", "DIR", "a folder of 'trainer certs issue': TLS with the certificate in it (default: as the settings of the cluster say)");

    private readonly Option<bool> insecure = new("--insecure")
    {
        Description = "goes without TLS where other machines reach it: everybody in that network is trusted",
    };

    /// <summary>Adds the options to a command.</summary>
    public SecurityArguments(Command command)
    {
        command.Add(certificates);
        command.Add(insecure);
        command.Validators.Add(result =>
        {
            if (result.GetValue(insecure) && result.GetValue(certificates) is not null)
                result.AddError("--insecure goes without TLS, --certs with it: expected one of them");
        });
    }

    /// <summary>What was given.</summary>
    public SecurityOptions Of(ParseResult parsed) => new(parsed.GetValue(certificates), parsed.GetValue(insecure));

    /// <summary>The same for a client, which has no log to warn in.</summary>
    public SecurityOptions OfClient(ParseResult parsed, Session session)
    {
        if (parsed.GetValue(insecure))
            session.Terminal.Error.WriteLine(ExitCodes.Line("warning: without TLS whoever is in the network can read and change what travels (--insecure)"));
        return Of(parsed);
    }
}
