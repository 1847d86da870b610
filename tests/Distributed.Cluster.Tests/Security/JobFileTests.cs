using Distributed.Cluster.Jobs;
using Distributed.Cluster.Tests.Jobs;
using Distributed.Learning;

namespace Distributed.Cluster.Tests.Security;

/// <summary>A job comes from elsewhere: it names data below the data folder, and neither code nor the machine's environment.</summary>
public sealed class JobFileTests
{
    [Theory]
    [InlineData("{ format = csv, file = $, target = a, task = classification }")]
    [InlineData("{ format = csv, file = a.csv, target = a, task = classification, test-file = $ }")]
    [InlineData("{ format = text, file = $ }")]
    [InlineData("{ format = text, file = a.txt, test-file = $ }")]
    [InlineData("{ format = labelled-lines, file = $ }")]
    [InlineData("{ format = labelled-lines, file = a.txt, test-file = $ }")]
    [InlineData("{ format = series, file = $, column = a, time = 8 }")]
    [InlineData("{ format = images, folder = $, size = [8, 8] }")]
    [InlineData("{ format = idx, folders = [$] }")]
    [InlineData("{ format = idx, folders = [good, $] }")]
    [InlineData("{ format = cifar10, folders = [$] }")]
    public void A_path_that_leads_out_of_the_data_folder_is_refused(string data)
    {
        foreach (var path in new[] { "/etc/passwd", "../secret", "a/../../secret", "..", @"a\\..\\..\\secret" })
            Assert.Contains("below the data folder, got", Refused(data.Replace("$", $"\"{path}\"", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("include \"/etc/passwd\"", "'include' is not understood")]
    [InlineData("name = ${HOME}", "${HOME} names no value of this file")]
    [InlineData("name = \"../../runs\"", "name: expected up to 64 letters")]
    [InlineData("model.layers = [{ type = \"System.Diagnostics.Process, System.Diagnostics.Process\" }]", "System.Diagnostics.Process")]
    [InlineData("model { factory = \"/tmp/evil.dll\" }", "/tmp/evil.dll")]
    [InlineData("data { factory = \"System.Activator\" }", "System.Activator")]
    [InlineData("optimizer { type = \"Evil, Evil\", learning-rate = 1 }", "Evil, Evil")]
    public void Nothing_in_a_job_reads_another_file_the_environment_or_code(string line, string message) =>
        Assert.Contains(message, Assert.Throws<BadInputException>(() => Job.Parse("evil.hocon", $"{TinyJob.Text}\n{line}\n", new JobOverrides())).Message);

    private static string Refused(string data) =>
        Assert.Throws<BadInputException>(() => Job.Parse("evil.hocon", $"{TinyJob.Text}\ndata = null\ndata = {data}\n", new JobOverrides())).Message;
}
