using Microsoft.Extensions.Logging;

namespace Distributed.Cluster.Monitoring;

/// <summary>Every event of the cluster log: stable names and fields, one line each.</summary>
internal static partial class Events
{
    [LoggerMessage(1, LogLevel.Information, "{Node} ({Roles}) at {Address} joined (process id {ProcessId})", EventName = "node-joined")]
    public static partial void NodeJoined(this ILogger log, string node, string roles, string address, int processId);

    [LoggerMessage(2, LogLevel.Warning, "{Node} is gone: {How}", EventName = "node-lost")]
    public static partial void NodeLost(this ILogger log, string node, string how);

    [LoggerMessage(3, LogLevel.Information, "{Address} is {Status}", EventName = "member-changed")]
    public static partial void MemberChanged(this ILogger log, string address, string status);

    [LoggerMessage(10, LogLevel.Information, "{Job} accepted (id {Id}, folder {Folder})", EventName = "job-accepted")]
    public static partial void JobAccepted(this ILogger log, string job, Guid id, string folder);

    [LoggerMessage(11, LogLevel.Information, "{Job} trains {Parameters} parameters for {Steps} steps (slots {Slots}, workers {Workers}, servers {Servers})", EventName = "job-started")]
    public static partial void JobStarted(this ILogger log, string job, long parameters, int slots, int workers, int servers, long steps);

    [LoggerMessage(17, LogLevel.Information, "{Job} goes on from version {Version} (checkpoint {Folder})", EventName = "job-resumed")]
    public static partial void JobResumed(this ILogger log, string job, long version, string folder);

    [LoggerMessage(12, LogLevel.Information, "{Job} ended: {Status} (reason {Reason})", EventName = "job-ended")]
    public static partial void JobEnded(this ILogger log, string job, string status, string reason);

    [LoggerMessage(13, LogLevel.Information, "{Node} leases slots {Slots} in term {Term}", EventName = "slots-leased")]
    public static partial void SlotsLeased(this ILogger log, string node, string slots, long term);

    [LoggerMessage(14, LogLevel.Information, "{Node} serves shards {Shards} (bytes {Bytes}, term {Term})", EventName = "shards-assigned")]
    public static partial void ShardsAssigned(this ILogger log, string node, string shards, long bytes, long term);

    [LoggerMessage(15, LogLevel.Information, "{Node} serves at {Endpoint}", EventName = "server-ready")]
    public static partial void ServerReady(this ILogger log, string node, string endpoint);

    [LoggerMessage(16, LogLevel.Information, "{Node} is linked: {Links}", EventName = "worker-ready")]
    public static partial void WorkerReady(this ILogger log, string node, string links);

    [LoggerMessage(20, LogLevel.Information, "epoch {Epoch}: loss {Loss} (step {Step}, samples per second {SamplesPerSecond})", EventName = "epoch-ended")]
    public static partial void EpochEnded(this ILogger log, int epoch, long step, double loss, double samplesPerSecond);

    [LoggerMessage(21, LogLevel.Information, "version {Version}: test loss {Loss}, accuracy {Accuracy} (samples {Samples})", EventName = "evaluated")]
    public static partial void Evaluated(this ILogger log, long version, double loss, double accuracy, int samples);

    [LoggerMessage(22, LogLevel.Information, "checkpoint of version {Version} (folder {Folder}, bytes {Bytes})", EventName = "checkpoint-written")]
    public static partial void CheckpointWritten(this ILogger log, long version, string folder, long bytes);

    [LoggerMessage(28, LogLevel.Information, "version {Version} copied for a checkpoint (held {Milliseconds} ms)", EventName = "checkpoint-copied")]
    public static partial void CheckpointCopied(this ILogger log, long version, long milliseconds);

    [LoggerMessage(29, LogLevel.Warning, "no checkpoint of version {Version}: {Reason}", EventName = "checkpoint-failed")]
    public static partial void CheckpointFailed(this ILogger log, long version, string reason);

    [LoggerMessage(23, LogLevel.Information, "model of version {Version} written (file {File}, weights sha256 {WeightsSha256})", EventName = "model-written")]
    public static partial void ModelWritten(this ILogger log, long version, string file, string weightsSha256);

    [LoggerMessage(24, LogLevel.Information, "asked to stop (job {Job})", EventName = "interrupted")]
    public static partial void Interrupted(this ILogger log, string job);

    [LoggerMessage(25, LogLevel.Warning, "version {Version}: the test loss has risen {Rises} times to {TestLoss} while the training loss fell to {TrainingLoss}", EventName = "overfitting")]
    public static partial void Overfitting(this ILogger log, long version, int rises, double testLoss, double trainingLoss);

    [LoggerMessage(26, LogLevel.Warning, "version {Version}: the training loss stays at {TrainingLoss} (evaluations {Evaluations})", EventName = "loss-stalled")]
    public static partial void LossStalled(this ILogger log, long version, double trainingLoss, int evaluations);

    [LoggerMessage(27, LogLevel.Information, "version {Version}: no better {Metric} for {Patience} evaluations, the best is that of version {BestVersion}", EventName = "stopped-early")]
    public static partial void StoppedEarly(this ILogger log, long version, string metric, int patience, long bestVersion);

    [LoggerMessage(35, LogLevel.Information, "version {Version}: learning rate {Rate} from here on, no better {Metric} for more than {Patience} evaluations", EventName = "rate-reduced")]
    public static partial void RateReduced(this ILogger log, long version, double rate, string metric, int patience);

    [LoggerMessage(30, LogLevel.Warning, "{Node} lags: {Phase} takes it {Milliseconds} ms a slot, and {Others} ms the others", EventName = "straggler")]
    public static partial void Straggler(this ILogger log, string node, string phase, double milliseconds, double others);

    [LoggerMessage(38, LogLevel.Warning, "no step for longer than steps take: {Node} is waited for ({What})", EventName = "stalled")]
    public static partial void Stalled(this ILogger log, string node, string what);

    [LoggerMessage(42, LogLevel.Warning, "{Node} makes steps although it was asked {Seconds} s ago to hold for a checkpoint: it is asked again", EventName = "hold-unanswered")]
    public static partial void HoldUnanswered(this ILogger log, string node, double seconds);

    [LoggerMessage(31, LogLevel.Error, "{Node} failed: {Reason} (cause {Cause}, detail {Detail})", EventName = "member-failed")]
    public static partial void MemberFailed(this ILogger log, string node, string cause, string reason, string detail);

    [LoggerMessage(32, LogLevel.Warning, "{Reason}", EventName = "link-refused")]
    public static partial void LinkRefused(this ILogger log, string reason);

    [LoggerMessage(33, LogLevel.Warning, "{Count} events were lost on the way to the cluster log", EventName = "events-lost")]
    public static partial void EventsLost(this ILogger log, long count);

    [LoggerMessage(64, LogLevel.Warning, "{File} can't be written now; training goes on: {Reason}", EventName = "not-written")]
    public static partial void NotWritten(this ILogger log, string file, string reason);

    /// <summary>A file can't be written, or (null) can be again.</summary>
    public static void Disk(this ILogger log, string file, IOException? problem)
    {
        if (problem is null)
            log.WrittenAgain(file);
        else
            log.NotWritten(file, problem.Message);
    }

    [LoggerMessage(65, LogLevel.Information, "{File} is written again, with all that was kept", EventName = "written-again")]
    public static partial void WrittenAgain(this ILogger log, string file);

    [LoggerMessage(59, LogLevel.Warning, "part {Part} of the cluster log is deleted, it was the oldest of too many", EventName = "log-part-dropped")]
    public static partial void LogPartDropped(this ILogger log, int part);

    [LoggerMessage(34, LogLevel.Warning, "{Rows} bad rows of the data are left out, the first: {First}", EventName = "rows-skipped")]
    public static partial void RowsSkipped(this ILogger log, int rows, string first);

    [LoggerMessage(36, LogLevel.Warning, "no curves.png: {Reason}", EventName = "no-picture")]
    public static partial void NoPicture(this ILogger log, string reason);

    [LoggerMessage(37, LogLevel.Warning, "{Reason}", EventName = "data-noticed")]
    public static partial void DataNoticed(this ILogger log, string reason);

    [LoggerMessage(50, LogLevel.Warning, "{Node} ({Role}) is lost to the job: {Reason}", EventName = "member-lost")]
    public static partial void MemberLost(this ILogger log, string node, string role, string reason);

    [LoggerMessage(51, LogLevel.Information, "{Node} joins the job", EventName = "member-joined")]
    public static partial void MemberJoined(this ILogger log, string node);

    [LoggerMessage(52, LogLevel.Information, "term {Term} begins: {Reason}", EventName = "term-raised")]
    public static partial void TermRaised(this ILogger log, long term, string reason);

    [LoggerMessage(53, LogLevel.Information, "training goes on from version {Version} in term {Term} (workers {Workers}, servers {Servers}, milliseconds {Milliseconds})", EventName = "regrouped")]
    public static partial void Regrouped(this ILogger log, long version, long term, int workers, int servers, long milliseconds);

    [LoggerMessage(54, LogLevel.Warning, "the job goes back from version {From} to version {To} ({Where})", EventName = "went-back")]
    public static partial void WentBack(this ILogger log, long from, long to, string where);

    [LoggerMessage(55, LogLevel.Warning, "training waits: {What}", EventName = "waiting-for-members")]
    public static partial void WaitingForMembers(this ILogger log, string what);

    [LoggerMessage(56, LogLevel.Information, "{Home}", EventName = "second-home")]
    public static partial void SecondHome(this ILogger log, string home);

    [LoggerMessage(64, LogLevel.Information, "the data is that of {Holder}: {Files} files, {Bytes} bytes, digest {Digest}", EventName = "data-agreed")]
    public static partial void DataAgreed(this ILogger log, string holder, int files, long bytes, string digest);

    [LoggerMessage(66, LogLevel.Information, "{Node} receives data: {Done} of {Bytes} bytes", EventName = "data-receiving")]
    public static partial void DataReceiving(this ILogger log, string node, long done, long bytes);

    [LoggerMessage(65, LogLevel.Information, "{Node} has received data: {Files} files, {Bytes} bytes in {Seconds} s", EventName = "data-received")]
    public static partial void DataReceived(this ILogger log, string node, int files, long bytes, double seconds);

    [LoggerMessage(57, LogLevel.Warning, "backups take the place of {Servers}: shards {Shards}", EventName = "backups-promoted")]
    public static partial void BackupsPromoted(this ILogger log, string servers, string shards);

    [LoggerMessage(60, LogLevel.Information, "{Node} sees {Folder}: it takes the job over where this coordinator is lost", EventName = "successor")]
    public static partial void Successor(this ILogger log, string node, string folder);

    [LoggerMessage(61, LogLevel.Warning, "{Node} does not see {Folder}: it can't take the job over where this coordinator is lost", EventName = "no-successor")]
    public static partial void NoSuccessor(this ILogger log, string node, string folder);

    [LoggerMessage(62, LogLevel.Warning, "the coordinator of {Job} was {From}, which is gone: it is taken over at step {Step}, after term {Term}", EventName = "took-over")]
    public static partial void TookOver(this ILogger log, string job, string from, long step, long term);

    [LoggerMessage(63, LogLevel.Error, "this coordinator ends: {Reason}", EventName = "gave-way")]
    public static partial void GaveWay(this ILogger log, string reason);

    [LoggerMessage(18, LogLevel.Information, "step {Step} of {Steps}: loss {Loss} ({SamplesPerSecond} samples per second)", EventName = "training")]
    public static partial void Training(this ILogger log, long step, long steps, double loss, double samplesPerSecond);

    [LoggerMessage(19, LogLevel.Information, "{Peer} ({Kind}): sent {BytesSent} and received {BytesReceived} bytes so far ({BytesPerSecond} bytes per second)", EventName = "link-traffic")]
    public static partial void LinkTraffic(this ILogger log, string peer, string kind, long bytesSent, long bytesReceived, double bytesPerSecond);

    [LoggerMessage(39, LogLevel.Warning, "garbage collection {Index} of generation {Generation} stopped the node for {Milliseconds} ms", EventName = "garbage-collected")]
    public static partial void GarbageCollected(this ILogger log, long index, int generation, double milliseconds);

    [LoggerMessage(58, LogLevel.Information, "{Node} was told to end and hands over its part", EventName = "node-leaves")]
    public static partial void NodeLeaves(this ILogger log, string node);

    [LoggerMessage(41, LogLevel.Information, "metrics and health are at {Address}", EventName = "metrics-served")]
    public static partial void MetricsServed(this ILogger log, string address);

    [LoggerMessage(43, LogLevel.Warning, "the history of jobs can't be kept: {Reason}", EventName = "no-history")]
    public static partial void NoHistory(this ILogger log, string reason);

    [LoggerMessage(40, LogLevel.Information, "node at {Address} started with {Cores} cores", EventName = "node-started")]
    public static partial void NodeStarted(this ILogger log, string address, int cores);

    [LoggerMessage(50, LogLevel.Warning, "other machines reach {Address} and nothing is encrypted or authenticated (--insecure): whoever reaches it can submit jobs and read what travels", EventName = "insecure")]
    public static partial void Insecure(this ILogger log, string address);

    [LoggerMessage(51, LogLevel.Information, "TLS with the certificate of {Certificate} (roles {Roles}, until {NotAfter})", EventName = "secured")]
    public static partial void Secured(this ILogger log, string certificate, string roles, string notAfter);

    [LoggerMessage(52, LogLevel.Warning, "the certificate of {Certificate} ends at {NotAfter}: issue another and start the node anew before", EventName = "certificate-ends")]
    public static partial void CertificateEnds(this ILogger log, string certificate, string notAfter);

    [LoggerMessage(53, LogLevel.Warning, "{Count} more connections were refused in the last minutes, for reasons that were told", EventName = "refusals-counted")]
    public static partial void RefusalsCounted(this ILogger log, long count);

    [LoggerMessage(54, LogLevel.Warning, "{Node} at {Address} is refused: {Reason}", EventName = "node-refused")]
    public static partial void NodeRefused(this ILogger log, string node, string address, string reason);

    [LoggerMessage(EventId = 42, Message = "{Source}: {Message}", EventName = "akka")]
    public static partial void Akka(this ILogger log, LogLevel level, Exception? exception, string source, string message);
}
