using Distributed.Cluster.Launching;

namespace Distributed.Cluster.Tests.Launching;

public class NodeProcessTests
{
    [Fact]
    public void A_child_computes_with_the_threads_of_its_job_and_one_heap()
    {
        var variables = NodeProcess.ChildEnvironment(3);
        Assert.Equal("3", variables["OMP_NUM_THREADS"]);
        Assert.Equal("3", variables["MKL_NUM_THREADS"]);
        Assert.Equal("0", variables["DOTNET_gcServer"]);
        Assert.Equal("0", variables["DOTNET_TieredPGO"]);
        // Hexadecimal, as the runtime reads it: a thousand calls.
        Assert.Equal("3E8", variables["DOTNET_TC_CallCountThreshold"]);
    }

    [Theory]
    [InlineData("/usr/bin/dotnet", "/app/trainer.dll", null, "/usr/bin/dotnet", "/app/trainer.dll")]
    [InlineData("/app/trainer", "/app/trainer.dll", null, "/app/trainer", null)]
    [InlineData("/app/renamed", "", null, "/app/renamed", null)]
    [InlineData("/x/testhost", "/app/trainer.dll", "/opt/dotnet/dotnet", "/opt/dotnet/dotnet", "/app/trainer.dll")]
    [InlineData(null, "/app/trainer.dll", null, "dotnet", "/app/trainer.dll")]
    public void The_program_starts_itself_however_it_was_started(string? running, string assembly, string? host, string file, string? leading)
    {
        var program = OwnProgram.Find(running, assembly, host);
        Assert.Equal(file, program.FileName);
        Assert.Equal(leading is null ? [] : [leading], program.Leading);
    }

    [Theory]
    [InlineData(0, null, "worker-1: its process ended with exit code 0")]
    [InlineData(1, "trainer: disk full ", "worker-1: its process ended with exit code 1: trainer: disk full")]
    [InlineData(139, null, "worker-1: its process was ended by signal 11 (SIGSEGV)")]
    [InlineData(137, "x", "worker-1: its process was ended by signal 9 (SIGKILL; when nobody sent it, the machine may have run out of memory): x")]
    [InlineData(255, null, "worker-1: its process ended with exit code 255")]
    public void An_exit_is_described_in_words(int code, string? lastError, string line) =>
        Assert.Equal(line, new NodeExit("worker-1", code, lastError).Describe());

    [Fact]
    public async Task Ending_a_child_is_asking_first_and_killing_when_it_does_not_listen()
    {
        // What stands in for the program: the shell takes the node's arguments as its own and reads its input to the end, or never.
        var willing = NodeProcess.Start(new OwnProgram("sh", ["-c", "echo ready; echo last words >&2; cat >/dev/null; exit 3", "sh"]), "worker-1", [], 1);
        var deaf = NodeProcess.Start(new OwnProgram("sh", ["-c", "exec sleep 60", "sh"]), "worker-2", [], 1);
        var ends = await Task.WhenAll(willing.StopAsync(TimeSpan.FromSeconds(20)), deaf.StopAsync(TimeSpan.FromMilliseconds(50)));
        Assert.Equal([new NodeExit("worker-1", 3, "last words"), new NodeExit("worker-2", 137, null)], ends);
        Assert.Equal(["ready"], willing.Tails.Output);
        Assert.True(willing.Asked && deaf.Asked);
        willing.Dispose();
        deaf.Dispose();
    }
}
