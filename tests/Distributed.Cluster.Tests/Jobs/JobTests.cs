using Distributed.Cluster.Jobs;
using Distributed.Learning;
using Distributed.Transport;

namespace Distributed.Cluster.Tests.Jobs;

public class JobTests
{
    [Fact]
    public void What_is_not_written_has_its_default()
    {
        var job = TinyJob.With();
        Assert.Equal(("tiny", 3L, 1, 4), (job.Name, job.Seed, job.Length.Epochs, job.Batch));
        Assert.Equal((2, 1, 1), (job.Workers, job.Servers, job.Threads));
        Assert.Equal(SameHost.Auto, job.SameHost);
        Assert.Equal(Precision.Float32, job.Precision);
        Assert.Equal("cross-entropy", job.Loss.Type);
    }

    [Fact]
    public void Slots_are_the_workers_it_starts_with_unless_they_are_given()
    {
        Assert.Equal(2, TinyJob.With().Slots);
        Assert.Equal(4, TinyJob.With("workers=4").Slots);
        Assert.Equal(4, TinyJob.With("slots=4").Slots);
        Assert.Equal(1, TinyJob.With("workers=1", "slots=auto").Slots);
    }

    [Fact]
    public void The_command_line_overrides_the_file_and_its_own_options_override_set()
    {
        var job = Job.Parse("tiny.hocon", TinyJob.Text, new JobOverrides(Workers: 4, Servers: 3, Sets: ["workers=1", "optimizer.learning-rate=0.5", "batch=8"]));
        Assert.Equal((4, 3, 8), (job.Workers, job.Servers, job.Batch));
        Assert.Equal(0.5, job.Optimizer.LearningRate);
    }

    [Theory]
    [InlineData("epoch=3", "tiny.hocon: epoch: unknown key; did you mean 'epochs'?")]
    [InlineData("optimizer.momentun=0.9", "tiny.hocon: optimizer.momentun: unknown key; did you mean 'momentum'?")]
    [InlineData("optimizer.beta1=0.9", "tiny.hocon: optimizer.beta1: unknown key for sgd: it is an option of adam, adamw, nadam, radam, lion, lamb; leave it out, or unset it with optimizer.beta1=null")]
    [InlineData("transport.same-hosts=tcp", "tiny.hocon: transport.same-hosts: unknown key; did you mean 'same-host'?")]
    [InlineData("transport.same-host=udp", "tiny.hocon: transport.same-host: expected one of auto, tcp, got 'udp'")]
    [InlineData("precision=half", "tiny.hocon: precision: expected one of float32, bf16, got 'half'")]
    [InlineData("batch=10,slots=4", "tiny.hocon: batch: 10 samples do not divide into 4 slots; nearest that do: 8 and 12")]
    [InlineData("batch=2,slots=4", "tiny.hocon: batch: 2 samples do not divide into 4 slots; the smallest that do: 4")]
    [InlineData("workers=3,slots=2", "tiny.hocon: workers: 3 workers but only 2 slots: a worker needs a slot at least (set slots to 3 or more)")]
    [InlineData("name=a/b", "tiny.hocon: name: expected up to 64 letters, digits, '-', '_' or '.', got 'a/b'")]
    [InlineData("name=\"\"", "tiny.hocon: name: expected up to 64 letters, digits, '-', '_' or '.', got ''")]
    [InlineData("seed=-1", "tiny.hocon: seed: expected a whole number of at least 0, got '-1'")]
    [InlineData("slots=many", "tiny.hocon: slots: expected a whole number")]
    [InlineData("epochs=1e3", "tiny.hocon: epochs: expected a whole number")]
    [InlineData("workers", "--set workers: expected path=value")]
    public void A_job_that_cannot_be_is_refused_in_one_line_that_names_the_key(string sets, string message)
    {
        var refusal = Assert.Throws<BadInputException>(() => TinyJob.With(sets.Split(',')));
        Assert.StartsWith(message, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }

    [Theory]
    [InlineData("epochs")]
    [InlineData("batch")]
    [InlineData("model")]
    [InlineData("data")]
    [InlineData("optimizer")]
    public void A_missing_key_is_named(string key)
    {
        var text = string.Join('\n', TinyJob.Text.Split('\n').Where(line => !line.StartsWith(key, StringComparison.Ordinal)));
        Assert.StartsWith($"tiny.hocon: {key}: missing", Assert.Throws<BadInputException>(() => Job.Parse("tiny.hocon", text, new())).Message, StringComparison.Ordinal);
    }

    /// <summary>The text travels to every node and lies in the run's folder: read there it must be the same job under the same name.</summary>
    [Fact]
    public void The_text_of_a_job_is_the_job()
    {
        var job = TinyJob.With("workers=4", "servers=2", "transport.same-host=tcp", "name=other.name", "seed=9007199254740993");
        var again = Job.Parse("elsewhere.hocon", job.Text, new JobOverrides());
        Assert.Equal(job.Text, again.Text);
        Assert.Equal(
            (job.Name, job.Seed, job.Workers, job.Servers, job.Slots, job.Batch, job.SameHost, job.Optimizer),
            (again.Name, again.Seed, again.Workers, again.Servers, again.Slots, again.Batch, again.SameHost, again.Optimizer));
    }

    [Fact]
    public void A_job_without_a_name_is_called_like_its_file_wherever_its_text_is_read()
    {
        var text = TinyJob.Text.Replace("name = tiny", "", StringComparison.Ordinal);
        var job = Job.Parse("digits.hocon", text, new JobOverrides());
        Assert.Equal("digits", job.Name);
        Assert.Equal("digits", Job.Parse("job", job.Text, new JobOverrides()).Name);
    }

    /// <summary>With another number of workers the slots stay, or the result would change.</summary>
    [Fact]
    public void A_resolved_job_keeps_its_slots_on_other_workers() =>
        Assert.Equal(4, Job.Parse("tiny.hocon", TinyJob.With("workers=4").Text, new JobOverrides(Workers: 2)).Slots);

    [Fact]
    public void Every_job_that_ships_can_be_read()
    {
        Assert.Contains("digits", Job.Shipped());
        Assert.All(Job.Shipped(), name => Assert.Equal(name, Job.Load(name, new JobOverrides()).Name));
    }

    [Fact]
    public void A_job_that_is_not_there_is_answered_with_those_that_are() =>
        Assert.Contains("digits", Assert.Throws<BadInputException>(() => Job.Load("digit", new JobOverrides())).Message, StringComparison.Ordinal);
}
