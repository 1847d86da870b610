using Akka.Actor;
using Distributed.Cluster.Protocol;
using Distributed.Cluster.Security;
using Distributed.Transport.Tests;

namespace Distributed.Cluster.Tests.Security;

/// <summary>What nodes and clients say of themselves is believed by certificate, role and address only.</summary>
public sealed class CredentialsTests : IDisposable
{
    private const string Runs = "/srv/runs";
    private static readonly Address Self = Address.Parse("akka.ssl.tcp://trainer@127.0.0.1:4053");

    private readonly TestCertificates certificates = new();
    private readonly Credentials coordinator;

    public CredentialsTests() => coordinator = new Credentials(certificates.Load("coordinator"), TimeProvider.System);

    public void Dispose() => certificates.Dispose();

    [Theory]
    [InlineData("worker")]
    [InlineData("server")]
    [InlineData("coordinator")]
    public void A_node_is_what_its_certificate_says(string role) => Assert.Null(Register(Of(role), Node(role)));

    [Theory]
    [InlineData("worker", "server")]
    [InlineData("server", "worker")]
    [InlineData("worker", "coordinator")]
    [InlineData("client", "worker")]
    public void A_node_is_not_what_its_certificate_does_not_say(string certificate, string role) =>
        Assert.Equal($"the certificate of '{certificate}' does not allow it to be a {role}, only {certificate}", Register(Of(certificate), Node(role)));

    [Fact]
    public void Every_role_of_a_node_must_be_in_its_certificate() =>
        Assert.Contains("to be a server", Register(Of("worker"), Node("worker") with { Roles = ["worker", "server"] }));

    [Fact]
    public void A_signature_is_for_one_node_only()
    {
        var worker = Of("worker");
        var stolen = worker.Sign(Statements.Registers(Node("worker")));
        Assert.Contains("its signature is not that of 'worker'", Register(stolen, Node("worker") with { Name = "other" }));
        Assert.Contains("its signature is not that of 'worker'", Register(stolen, Node("worker") with { Address = "akka.ssl.tcp://trainer@127.0.0.1:7" }, "akka.ssl.tcp://trainer@127.0.0.1:7"));
        Assert.Contains("its signature is not that of 'worker'", Register(stolen! with { Time = stolen.Time.AddSeconds(1) }, Node("worker")));
    }

    [Fact]
    public void A_node_elsewhere_than_its_certificate_or_its_actor_is_refused()
    {
        var elsewhere = Node("worker") with { Address = "akka.ssl.tcp://trainer@10.0.0.9:1" };
        Assert.Equal("the certificate of 'worker' is not for 10.0.0.9", Register(Of("worker"), elsewhere, elsewhere.Address));
        Assert.Contains("and an actor at", Register(Of("worker"), elsewhere));
    }

    [Fact]
    public void A_node_without_a_signature_or_of_another_authority_is_refused()
    {
        Assert.Equal("it came without a signature", Register((Credential?)null, Node("worker")));
        using var others = new TestCertificates();
        Assert.Contains("is not one of our authority's", Register(new Credentials(others.Load("worker"), TimeProvider.System), Node("worker")));
    }

    [Fact]
    public void Garbage_in_a_signature_is_refused()
    {
        var good = Of("worker").Sign(Statements.Registers(Node("worker")))!;
        var random = new Random(1);
        for (var i = 0; i < 300; i++)
        {
            var (certificate, signature) = (Damage(good.Certificate, random), Damage(good.Signature, random));
            if (!certificate.AsSpan().SequenceEqual(good.Certificate) || !signature.AsSpan().SequenceEqual(good.Signature))
                Assert.NotNull(Register(good with { Certificate = certificate, Signature = signature }, Node("worker")));
        }

        Assert.NotNull(Register(good with { Certificate = new byte[1 << 20] }, Node("worker")));
        Assert.NotNull(Register(good with { Certificate = [], Signature = [] }, Node("worker")));
    }

    [Fact]
    public void Without_tls_nothing_is_signed_and_nothing_asked()
    {
        Assert.Null(Credentials.None.Sign("anything"));
        Assert.Null(Registrations.Problem(new MembershipMessages.Register(Node("worker")), Credentials.None, Self));
    }

    [Theory]
    [InlineData("client", true)]
    [InlineData("coordinator", true)]
    [InlineData("worker", false)]
    [InlineData("server", false)]
    public void Clients_submit_jobs_and_workers_do_not(string role, bool may)
    {
        var problem = Submit(Of(role), Job());
        Assert.Equal(may, problem is null);
        if (!may) Assert.Contains($"the certificate of '{role}' does not allow it to be a client", problem);
    }

    [Fact]
    public void A_submission_is_signed_as_it_is()
    {
        var client = Of("client");
        var job = Job();
        var signed = job with { Credential = client.Sign(Statements.Submits(job)) };
        Assert.Null(Submissions.Problem(signed, coordinator, Runs));
        Assert.NotNull(Submissions.Problem(signed with { JobText = "epochs = 3" }, coordinator, Runs));
        Assert.NotNull(Submissions.Problem(signed with { OutFolder = $"{Runs}/other" }, coordinator, Runs));
        Assert.NotNull(Submissions.Problem(signed with { Checkpoint = $"{Runs}/other" }, coordinator, Runs));
        // Of another time.
        var later = new Credentials(certificates.Load("coordinator"), new Clock(DateTimeOffset.UtcNow + Credentials.Fresh + TimeSpan.FromMinutes(1)));
        Assert.Contains("are the clocks set?", Submissions.Problem(signed, later, Runs));
    }

    [Theory]
    [InlineData("/srv/runs/mine", true)]
    [InlineData("/srv/runs/a/b", true)]
    [InlineData("/srv/runs", false)]
    [InlineData("/srv/runs/../../etc", false)]
    [InlineData("/srv/runsandmore", false)]
    [InlineData("/etc", false)]
    [InlineData("/srv/runs/a\0b", false)]
    public void Others_name_no_folder_outside_of_the_runs(string folder, bool may)
    {
        Assert.Equal(may, Submissions.Problem(Job() with { OutFolder = folder }, Credentials.None, Runs) is null);
        Assert.Equal(may, Submissions.Problem(Job() with { Checkpoint = folder }, Credentials.None, Runs) is null);
    }

    [Fact]
    public void A_job_of_a_size_that_no_job_has_is_refused() =>
        Assert.Contains("more than", Submissions.Problem(Job() with { JobText = new string('a', Submissions.MostCharacters + 1) }, Credentials.None, Runs));

    [Fact]
    public void A_job_from_this_process_cannot_travel() =>
        Assert.False(typeof(JobMessages.SubmitHere).IsAssignableTo(typeof(IControlMessage)) || typeof(JobMessages.SubmitHere).IsAssignableTo(typeof(ITensorMessage)));

    private Credentials Of(string role) => new(certificates.Load(role), TimeProvider.System);

    private string? Register(Credentials node, MembershipMessages.NodeInfo info, string? actorAt = null) =>
        Register(node.Sign(Statements.Registers(info)), info, actorAt);

    private string? Register(Credential? credential, MembershipMessages.NodeInfo info, string? actorAt = null) =>
        Registrations.Problem(new MembershipMessages.Register(info with { Actor = new At(actorAt ?? "akka.ssl.tcp://trainer@127.0.0.1:5000") }, credential), coordinator, Self);

    private string? Submit(Credentials client, JobMessages.Submit job) =>
        Submissions.Problem(job with { Credential = client.Sign(Statements.Submits(job)) }, coordinator, Runs);

    private static MembershipMessages.NodeInfo Node(string role) =>
        new("node-1", [role], "akka.ssl.tcp://trainer@127.0.0.1:5000", 1, 1, ActorRefs.Nobody);

    private static JobMessages.Submit Job() => new("digits", "epochs = 1", null, ActorRefs.Nobody);

    private static byte[] Damage(byte[] bytes, Random random)
    {
        var copy = bytes[..random.Next(bytes.Length + 1)];
        for (var i = random.Next(3); i > 0 && copy.Length > 0; i--)
            copy[random.Next(copy.Length)] ^= (byte)(1 << random.Next(8));
        return copy;
    }

    /// <summary>A reference to an actor of a node elsewhere.</summary>
    private sealed class At(string address) : MinimalActorRef
    {
        public override ActorPath Path { get; } = new RootActorPath(Address.Parse(address)) / "user" / "node";

        public override IActorRefProvider Provider => throw new NotSupportedException();
    }

    private sealed class Clock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
