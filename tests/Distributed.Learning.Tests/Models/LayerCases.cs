using System.Text.Json;

namespace Distributed.Learning.Tests;

/// <summary>Small layers of every type, as a job would write them (JSON with single quotes), each with the shape of one sample.</summary>
internal static class LayerCases
{
    private static readonly (string Layer, long[] Input)[] All =
    [
        ("{'type':'linear','out':3}", [4]),
        ("{'type':'linear','out':3,'bias':false,'init':'xavier-uniform'}", [2, 4]),
        ("{'type':'conv1d','out':4,'kernel':3,'stride':2,'padding':2,'dilation':2,'groups':2}", [2, 9]),
        ("{'type':'conv1d','out':3,'kernel':2,'bias':false,'init':'kaiming-normal'}", [2, 5]),
        ("{'type':'conv2d','out':4,'kernel':3,'stride':2,'padding':2,'dilation':2,'groups':2}", [2, 7, 6]),
        ("{'type':'conv2d','out':2,'kernel':2,'init':'kaiming-uniform'}", [3, 4, 3]),
        // libtorch's own kernel for it ends the process on some processors.
        ("{'type':'conv2d','out':2,'kernel':1,'stride':2,'padding':1}", [3, 2, 1]),
        ("{'type':'conv-transpose1d','out':4,'kernel':3,'stride':2,'padding':1,'output-padding':1,'groups':2}", [2, 4]),
        ("{'type':'conv-transpose2d','out':3,'kernel':3,'stride':2,'padding':1,'output-padding':1}", [2, 3, 2]),
        ("{'type':'conv-transpose2d','out':2,'kernel':2,'dilation':2,'bias':false,'init':'xavier-normal'}", [2, 2, 3]),
        ("{'type':'max-pool','kernel':3,'stride':2,'padding':1}", [2, 7]),
        ("{'type':'max-pool','kernel':2}", [2, 5, 4]),
        ("{'type':'avg-pool','kernel':3,'stride':2,'padding':1}", [2, 7]),
        ("{'type':'avg-pool','kernel':2,'padding':1}", [2, 5, 4]),
        ("{'type':'adaptive-max-pool','size':3}", [2, 7]),
        ("{'type':'adaptive-max-pool','size':2}", [2, 5, 4]),
        ("{'type':'adaptive-avg-pool','size':3}", [2, 7]),
        ("{'type':'adaptive-avg-pool'}", [2, 5, 4]),
        ("{'type':'global-pool'}", [5, 3]),
        ("{'type':'global-pool','over':'mean','dim':1}", [3, 5]),
        ("{'type':'global-pool','over':'last'}", [5, 3]),
        ("{'type':'flatten'}", [2, 3, 2]),
        ("{'type':'reshape','shape':[4,-1,1]}", [2, 6]),
        ("{'type':'transpose'}", [3, 4]),
        ("{'type':'transpose','dims':[0,2]}", [2, 3, 4]),
        ("{'type':'dropout','p':0.3}", [12]),
        ("{'type':'batch-norm'}", [3]),
        ("{'type':'batch-norm','momentum':0.3}", [2, 3]),
        ("{'type':'batch-norm','affine':false}", [2, 3, 2]),
        ("{'type':'layer-norm'}", [3, 4]),
        ("{'type':'layer-norm','dims':3,'affine':false}", [2, 3, 2]),
        ("{'type':'group-norm','groups':2}", [4, 3]),
        ("{'type':'group-norm','groups':4,'affine':false}", [4, 3, 2]),
        ("{'type':'embedding','tokens':7,'width':3}", [5]),
        ("{'type':'embedding','tokens':7,'width':3,'padding':0,'init':'normal','init-scale':0.5}", [5]),
        ("{'type':'positional-embedding'}", [4, 3]),
        ("{'type':'rnn','hidden':3}", [4, 2]),
        ("{'type':'rnn','hidden':3,'nonlinearity':'relu','layers':2,'dropout':0.4,'bidirectional':true,'output':'last'}", [3, 2]),
        ("{'type':'lstm','hidden':3,'layers':2,'dropout':0.4}", [4, 2]),
        ("{'type':'lstm','hidden':2,'bidirectional':true,'output':'last','bias':false}", [4, 3]),
        ("{'type':'gru','hidden':3,'output':'last','init':'uniform'}", [4, 2]),
        ("{'type':'gru','hidden':2,'layers':2,'bidirectional':true}", [3, 2]),
        ("{'type':'self-attention','heads':2}", [3, 4]),
        ("{'type':'self-attention','heads':1,'causal':true,'bias':false,'dropout':0.3}", [4, 2]),
        ("{'type':'transformer-block','heads':2,'mlp':2}", [3, 4]),
        ("{'type':'transformer-block','heads':2,'mlp':1,'causal':true,'dropout':0.2}", [3, 4]),
        ("{'type':'residual','layers':['tanh',{'type':'linear','out':4}]}", [2, 4]),
        ("{'type':'residual','layers':[{'type':'linear','out':3},'tanh'],'shortcut':[{'type':'linear','out':3,'bias':false}]}", [4]),
        ("{'type':'parallel','branches':[[{'type':'linear','out':3},'tanh'],[]]}", [4]),
        ("{'type':'parallel','branches':[[{'type':'conv1d','out':2,'kernel':1}],['silu']],'combine':'concat','dim':0}", [3, 4]),
        ("{'type':'parallel','branches':[[{'type':'residual','layers':[{'type':'linear','out':4}]}],['tanh'],[]],'combine':'add'}", [4]),
        ("{'type':'relu'}", [6]),
        ("{'type':'leaky-relu','slope':0.2}", [6]),
        ("{'type':'elu','alpha':0.7}", [6]),
        ("{'type':'gelu'}", [6]),
        ("{'type':'gelu','approximate':'tanh'}", [6]),
        ("{'type':'silu'}", [6]),
        ("{'type':'sigmoid'}", [6]),
        ("{'type':'tanh'}", [6]),
        ("{'type':'softplus','beta':2}", [6]),
        ("{'type':'softmax'}", [2, 3]),
    ];

    public static TheoryData<string, long[]> Data
    {
        get
        {
            var data = new TheoryData<string, long[]>();
            foreach (var (layer, input) in All) data.Add(layer, input);
            return data;
        }
    }

    public static LayerSpec Layer(string json) => LayerKinds.Read(SettingsSection.Root("job.hocon", (SettingObject)Settings(json)));

    public static ModelSpec Model(long[] input, params string[] layers) => new(input, [.. layers.Select(Layer)]);

    public static Setting Settings(string json)
    {
        using var document = JsonDocument.Parse(json.Replace('\'', '"'));
        return Convert(document.RootElement);
    }

    private static Setting Convert(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => new SettingObject([.. element.EnumerateObject().Select(m => KeyValuePair.Create(m.Name, Convert(m.Value)))]),
        JsonValueKind.Array => new SettingList([.. element.EnumerateArray().Select(Convert)]),
        _ => new SettingText(element.ToString()),
    };
}
