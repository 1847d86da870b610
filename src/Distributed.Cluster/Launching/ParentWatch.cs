namespace Distributed.Cluster.Launching;

/// <summary>
/// Notices the parent's end. The parent holds the write end of this process's standard input and never writes: whichever way it dies,
/// SIGKILL included, the system closes the pipe and the blocked read returns.
/// </summary>
internal static class ParentWatch
{
    /// <summary>Calls <paramref name="ended"/> once, on a thread of its own, when <paramref name="input"/> is at its end.</summary>
    public static void Start(Stream input, Action ended)
    {
        var thread = new Thread(() =>
        {
            var scrap = new byte[256];
            try
            {
                while (input.Read(scrap, 0, scrap.Length) > 0)
                {
                    // A parent has nothing to say; whatever a person types is dropped.
                }
            }
            catch (IOException)
            {
                // A pipe that can't be read is a parent that is gone.
            }

            ended();
        })
        { IsBackground = true, Name = "parent-watch" };
        thread.Start();
    }
}
