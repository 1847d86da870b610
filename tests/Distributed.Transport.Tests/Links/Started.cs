namespace Distributed.Transport.Tests;

/// <summary>Work on a thread of its own, of which a test needs to know that it blocks, and how it ended.</summary>
internal sealed class Started<T> : IDisposable
{
    private readonly Thread _thread;
    private T? _result;
    private Exception? _failure;

    internal Started(Func<T> work)
    {
        _thread = new Thread(() =>
        {
            try
            {
                _result = work();
            }
            catch (Exception failure)
            {
                _failure = failure;
            }
        })
        { IsBackground = true };
        _thread.Start();
    }

    /// <summary>
    /// Gives the thread time to reach its blocking call. That it has not ended is all that can be seen from outside; a test that
    /// gets here before the thread blocks tests the other order, which must give the same result.
    /// </summary>
    internal void UntilBlocked() => Assert.False(_thread.Join(TimeSpan.FromMilliseconds(100)));

    internal T Result()
    {
        Assert.True(_thread.Join(Party.Patience), "The call is still blocked.");
        return _failure is null ? _result! : throw _failure;
    }

    public void Dispose() => _thread.Join(Party.Patience);
}
