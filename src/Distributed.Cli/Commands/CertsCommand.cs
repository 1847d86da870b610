using System.CommandLine;
using System.Globalization;
using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cli.Commands;

/// <summary><c>trainer certs</c>: a private authority, and certificates of it for the nodes of a cluster.</summary>
internal static class CertsCommand
{
    /// <summary>Examples for the help text.</summary>
    public static readonly string[] Examples =
    [
        "trainer certs init                                                          an authority in the folder certs",
        "trainer certs issue head --role coordinator --role server --host 10.0.0.1   in certs/head",
        "trainer certs issue rack-7 --role worker --host 10.0.0.7 --host rack-7      a node by its address and its name",
        "trainer certs issue ann --role client                                       for submitting jobs",
    ];

    private const string DefaultFolder = "certs";
    private const int AuthorityDays = 3650;
    private const int NodeDays = 365;

    /// <summary>The command with those below it.</summary>
    public static Command Create(Session session) => new("certs", "Makes the certificates by which the nodes of a cluster know each other.")
    {
        Init(session),
        Issue(session),
    };

    private static Command Init(Session session)
    {
        var command = new Command("init", "Makes a private authority. Its key stays where certificates are issued: no node needs it.");
        var folder = Parsing.Text("--out", "DIR", $"where its files go (default: {DefaultFolder})");
        var name = Parsing.Text("--name", "NAME", "its name in certificates (default: trainer)");
        var days = Parsing.WholeNumber("--days", "N", 1, 36_500, $"for how many days it is valid (default: {AuthorityDays})");
        foreach (var option in (Option[])[folder, name, days]) command.Add(option);
        command.SetAction(parsed =>
        {
            var into = parsed.GetValue(folder) ?? DefaultFolder;
            Try(() => CertificateAuthority.Create(
                into, CheckName(parsed.GetValue(name) ?? "trainer"), DateTimeOffset.UtcNow, TimeSpan.FromDays(parsed.GetValue(days) ?? AuthorityDays)));
            session.Terminal.Out.WriteLine($"authority   {Path.Combine(into, NodeCertificate.AuthorityFile)}");
            session.Terminal.Out.WriteLine($"its key     {Path.Combine(into, CertificateAuthority.KeyFile)}  (keep it off the nodes)");
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Issue(Session session)
    {
        var command = new Command("issue", "Issues a certificate for a node, or for people who submit jobs. Copy its folder to the node and start it with --certs.");
        var name = new Argument<string>("NAME") { Description = "the node's name in the certificate and in messages" };
        var roles = Parsing.Several(
            "--role", "ROLE", $"what it may be: {string.Join(", ", CertificateRoles.All)}; may be given several times",
            value => CertificateRoles.All.Contains(value) ? null : $"one of {string.Join(", ", CertificateRoles.All)}");
        roles.Required = true;
        var hosts = Parsing.Several(
            "--host", "HOST", "a name or address that others reach it by (its own --host), or *.DOMAIN for all names in it; may be given several times",
            value => Uri.CheckHostName(value.StartsWith("*.", StringComparison.Ordinal) ? value[2..] : value) is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6 ? null : "a host's name or address, or *.DOMAIN");
        var authority = Parsing.Text("--authority", "DIR", $"the folder of 'trainer certs init' (default: {DefaultFolder})");
        var folder = Parsing.Text("--out", "DIR", "where its files go (default: a folder of its name beside the authority's files)");
        var days = Parsing.WholeNumber("--days", "N", 1, 36_500, $"for how many days it is valid (default: {NodeDays})");
        command.Add(name);
        foreach (var option in (Option[])[roles, hosts, authority, folder, days]) command.Add(option);
        command.SetAction(parsed =>
        {
            var given = CheckName(parsed.GetValue(name)!);
            var wanted = parsed.GetValue(roles)!.Distinct().ToArray();
            var reached = parsed.GetValue(hosts)?.Distinct().ToArray() ?? [];
            if (reached.Length == 0 && wanted.Any(role => role != CertificateRoles.Client))
                throw new BadInputException($"--host: expected the name or address that others reach {given} by; only a client needs none");
            var from = parsed.GetValue(authority) ?? DefaultFolder;
            var into = parsed.GetValue(folder) ?? Path.Combine(from, given);
            var end = Try(() =>
            {
                using var issuer = CertificateAuthority.Open(from);
                return issuer.Issue(into, given, wanted, reached, DateTimeOffset.UtcNow, TimeSpan.FromDays(parsed.GetValue(days) ?? NodeDays));
            });
            session.Terminal.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{into}: {given}, {string.Join(", ", wanted)}, until {end.UtcDateTime:yyyy-MM-dd}"));
            return ExitCodes.Done;
        });
        return command;
    }

    // It becomes the name of a folder, and part of messages.
    private static string CheckName(string name) =>
        name.Length is > 0 and <= 64 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && name[0] != '.'
            ? name : throw new BadInputException($"'{name}': expected a name of 1 to 64 letters, digits, dots, hyphens and underscores that begins with none of the dots");

    private static void Try(Action make) => Try(() =>
    {
        make();
        return true;
    });

    private static T Try<T>(Func<T> make)
    {
        try
        {
            return make();
        }
        catch (CertificateException failure)
        {
            throw new BadInputException(failure.Message, failure);
        }
    }
}
