using System.Diagnostics;

namespace Distributed.EndToEnd.Tests;

/// <summary>A terminal of 120 by 40 with a shell in it, whose screen can be read: tmux, with a server of its own.</summary>
internal sealed class TestTerminal : IDisposable
{
    private readonly string socket;

    /// <summary>Opens it.</summary>
    /// <param name="folder">The shell's folder.</param>
    /// <param name="said">What stands on the screen at first.</param>
    public TestTerminal(string folder, string said)
    {
        socket = Path.Combine(folder, "terminal");
        Tmux("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", "-c", folder, $"TERM=screen-256color PS1='$ ' exec sh -c 'echo {said}; exec sh'");
    }

    /// <summary>Why there is no terminal here; null where there is.</summary>
    public static string? Missing => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "tmux")))
        ? null : "needs tmux";

    /// <summary>What is on the screen now.</summary>
    public string Text() => Tmux("capture-pane", "-p");

    /// <summary>Presses keys.</summary>
    public void Type(string keys) => Tmux("send-keys", "-l", keys);

    /// <summary>Waits until a text is on the screen.</summary>
    public async Task UntilAsync(string text)
    {
        var since = Stopwatch.StartNew();
        while (!Text().Contains(text, StringComparison.Ordinal))
        {
            if (since.Elapsed > TrainerProcess.Patience)
                Assert.Fail($"waited for '{text}' for {since.Elapsed.TotalSeconds:F0} s; the screen shows: {Text()}");
            await Task.Delay(50);
        }
    }

    public void Dispose() => Tmux("kill-server");

    private string Tmux(params string[] arguments)
    {
        var start = new ProcessStartInfo("tmux") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["-S", socket, .. arguments]) start.ArgumentList.Add(argument);
        using var tmux = Process.Start(start)!;
        var output = tmux.StandardOutput.ReadToEnd();
        tmux.WaitForExit();
        return output;
    }
}

/// <summary>A test that looks at a terminal's screen; skipped where there is none to be had.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TerminalFactAttribute : FactAttribute
{
    public TerminalFactAttribute() => Skip = TestTerminal.Missing;
}
