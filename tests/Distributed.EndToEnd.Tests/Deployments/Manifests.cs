using k8s;
using k8s.Models;

namespace Distributed.EndToEnd.Tests;

/// <summary>Kubernetes' manifests, read by its own client into its own types: a key that a kind does not have is an error.</summary>
internal static class Manifests
{
    /// <summary>Reads a stream of manifests.</summary>
    public static IReadOnlyList<object> Read(string yaml) => KubernetesYaml.LoadAllFromString(yaml, null, true);

    /// <summary>What an overlay makes of the base, by kubectl's own Kustomize.</summary>
    public static async Task<IReadOnlyList<object>> BuildAsync(string overlay) =>
        Read(await Deploy.RunAsync(TrainerProcess.Repository, "kubectl", "kustomize", Deploy.At("kubernetes", "overlays", overlay)));

    /// <summary>The only container of a set's pods.</summary>
    public static V1Container Container(this V1StatefulSet set) => Assert.Single(set.Spec.Template.Spec.Containers);

    /// <summary>A pod's environment as the kubelet makes it.</summary>
    public static IReadOnlyDictionary<string, string> Environment(this V1StatefulSet set, string pod, string space) => set.Container().Env.ToDictionary(
        variable => variable.Name,
        variable => variable.ValueFrom?.FieldRef.FieldPath switch
        {
            null => variable.Value,
            "metadata.name" => pod,
            "metadata.namespace" => space,
            var other => throw new NotSupportedException(other),
        });

    /// <summary>A pod's command line, <c>$(NAME)</c> replaced as the kubelet does.</summary>
    public static IEnumerable<string> Arguments(this V1StatefulSet set, string pod, string space)
    {
        var environment = set.Environment(pod, space);
        return set.Container().Args.Select(argument => environment.Aggregate(
            argument, (text, variable) => text.Replace($"$({variable.Key})", variable.Value, StringComparison.Ordinal)));
    }
}
