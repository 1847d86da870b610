using Akka.Configuration;
using Distributed.Cluster.Security;
using Distributed.Learning;
using Distributed.Transport;
using DotNetty.Common;

namespace Distributed.Cluster.Configuration;

/// <summary>
/// A node's configuration in its layers: the cluster.hocon beside the program, over it a file of the user, over it the command line.
/// </summary>
/// <param name="Akka">What the actor system starts with.</param>
/// <param name="Trainer">Our own settings.</param>
/// <param name="Certificate">This node's certificate; null without TLS. The owner disposes it.</param>
/// <param name="Address">The name or address that the node listens on.</param>
internal sealed record ClusterConfig(Config Akka, TrainerSettings Trainer, NodeCertificate? Certificate, string Address)
{
    /// <summary>The name of every node's actor system; nodes of one cluster must share it.</summary>
    public const string SystemName = "trainer";

    private const string FileName = "cluster.hocon";

    // DotNetty, under Akka's connections, looks for buffers that were not given back: of one now and then it keeps the stack, for which it opens
    // the files with the program's symbols. In a profile of a node without a job that was a fifth of what it took of the processors.
    static ClusterConfig() => ResourceLeakDetector.Level = ResourceLeakDetector.DetectionLevel.Disabled;

    /// <summary>The file that is beside the program.</summary>
    public static string ShippedFile => Path.Combine(AppContext.BaseDirectory, FileName);

    /// <summary>Reads and checks the configuration.</summary>
    /// <param name="file">A file of the user, which needs only the keys that differ; null for none.</param>
    /// <param name="host">The address to listen on; null leaves what the files say.</param>
    /// <param name="port">The port to listen on, 0 for a free one; null leaves what the files say.</param>
    /// <param name="roles">What the node does; null leaves what the files say.</param>
    /// <param name="security">Where certificates are, and whether the node may go without; null leaves what the files say.</param>
    /// <exception cref="BadInputException">
    /// A file cannot be read or is malformed, a value cannot be used, or other machines would reach the node without TLS.
    /// </exception>
    public static ClusterConfig Load(
        string? file, string? host = null, int? port = null, IReadOnlyList<string>? roles = null, SecurityOptions? security = null)
    {
        var root = Read(ShippedFile, FileName);
        // Named as the user named it; the file beside the program only when there is no other.
        var shown = file is null ? FileName : Path.GetFileName(file);
        if (file is not null) root = root.With(Read(file, shown));
        if (host is not null) Put(root, "hostname", Text(host));
        if (port is { } number) Put(root, "port", Text($"{number}"));
        if (roles is not null) root.Put(["akka", "cluster", "roles"], Texts(roles));
        var folder = file is null ? "" : Path.GetDirectoryName(Path.GetFullPath(file))!;
        var trainer = TrainerSettings.Read(SettingsSection.Root(shown, HoconResolver.Resolve(root)).Section("trainer"));
        var certificate = OpenCertificate(security?.CertificateFolder, trainer.Tls, folder);
        if (certificate is not null) Put(root, "enable-ssl", Text("on"));
        var tree = HoconResolver.Resolve(root);
        var top = SettingsSection.Root(shown, tree);
        // What stands below akka is for Akka to judge.
        top.Section("akka");
        top.Section("trainer");
        top.RejectUnknownKeys();
        var akka = ConfigurationFactory.ParseString(HoconSettings.Render(tree));
        var address = akka.GetString("akka.remote.dot-netty.tcp.hostname");
        if (certificate is null && security?.Insecure != true && !Exposure.IsLoopback(address))
            throw new BadInputException(Exposure.Refusal(address));
        return new ClusterConfig(akka, trainer, certificate, address);
    }

    /// <summary>Whether other machines reach this node without TLS, which its logs warn about.</summary>
    public bool IsInsecure => Certificate is null && !Exposure.IsLoopback(Address);

    /// <summary>Akka's form of a seed node.</summary>
    /// <param name="seed">The node as <c>host:port</c>.</param>
    /// <param name="tls">Whether the cluster speaks TLS.</param>
    /// <exception cref="BadInputException">It is not of that form.</exception>
    public static string SeedAddress(string seed, bool tls = false)
    {
        var colon = seed.LastIndexOf(':');
        return colon > 0 && ushort.TryParse(seed.AsSpan(colon + 1), out var port) && port > 0 && !seed.AsSpan(0, colon).ContainsAny("/@ ")
            ? $"akka.{(tls ? "ssl.tcp" : "tcp")}://{SystemName}@{seed}"
            : throw new BadInputException($"--seed {seed}: expected HOST:PORT, such as 10.0.0.5:4053");
    }

    private static NodeCertificate? OpenCertificate(string? certificateFolder, TlsFiles? files, string folder)
    {
        try
        {
            return certificateFolder is not null ? NodeCertificate.LoadFolder(certificateFolder)
                // Relative to the file that names them, wherever the node was started.
                : files is not null ? NodeCertificate.Load(
                    Path.Combine(folder, files.Certificate), Path.Combine(folder, files.Key), Path.Combine(folder, files.Authority))
                : null;
        }
        catch (CertificateException failure)
        {
            throw new BadInputException(failure.Message, failure);
        }
    }

    private static HoconSection Read(string file, string shown)
    {
        try
        {
            return HoconReader.Read(shown, File.ReadAllText(file));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{file}: cannot read this configuration file: {failure.Message}", failure);
        }
    }

    private static void Put(HoconSection root, string key, HoconNode value) => root.Put(["akka", "remote", "dot-netty", "tcp", key], value);

    private static HoconText Text(string text) => new(text, Quoted: true);

    private static HoconList Texts(IEnumerable<string> texts) => new([.. texts.Select(Text)]);
}
