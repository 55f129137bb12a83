"""The layers of torch.nn that compute nothing but what their fields and tensors say."""

from dataclasses import dataclass

from torch import nn

_NORM = ("num_features", "eps", "momentum", "affine", "track_running_stats")
_CONV = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups",
         "padding_mode")  # fmt: skip
_POOL = ("kernel_size", "stride", "padding", "ceil_mode")


@dataclass(frozen=True)
class PlainLayer:
    """A class that is built afresh from some of its fields.

    Attributes:
        kind: the class.
        fields: attributes that its constructor takes under the same name.
        has_bias: whether the constructor is told by `bias` if there is one.
    """

    kind: type[nn.Module]
    fields: tuple[str, ...] = ()
    has_bias: bool = False


def path_of(kind: type[nn.Module]) -> str:
    """What a pickle calls a class of torch.nn."""
    return f"{kind.__module__}.{kind.__qualname__}"


CONTAINERS = {path_of(kind): kind for kind in (nn.Sequential, nn.ModuleList, nn.ModuleDict)}
"""What only holds other layers, by the name in a pickle."""

PLAIN_LAYERS = {
    path_of(layer.kind): layer
    for layer in (
        PlainLayer(nn.Linear, ("in_features", "out_features"), has_bias=True),
        *(PlainLayer(kind, _CONV, has_bias=True) for kind in (nn.Conv1d, nn.Conv2d, nn.Conv3d)),
        *(
            PlainLayer(kind, (*_CONV, "output_padding"), has_bias=True)
            for kind in (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
        ),
        *(
            PlainLayer(kind, _NORM)
            for kind in (
                nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d,
                nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d,
            )
        ),
        PlainLayer(nn.GroupNorm, ("num_groups", "num_channels", "eps", "affine")),
        PlainLayer(nn.LayerNorm, ("normalized_shape", "eps", "elementwise_affine")),
        *(
            PlainLayer(kind)
            for kind in (
                nn.Identity, nn.ReLU, nn.ReLU6, nn.SELU, nn.SiLU, nn.Mish, nn.Tanh, nn.Sigmoid,
                nn.Hardswish, nn.Hardsigmoid, nn.LogSigmoid, nn.Softsign, nn.Tanhshrink,
            )
        ),
        PlainLayer(nn.LeakyReLU, ("negative_slope",)),
        PlainLayer(nn.ELU, ("alpha",)),
        PlainLayer(nn.CELU, ("alpha",)),
        PlainLayer(nn.GELU, ("approximate",)),
        PlainLayer(nn.PReLU, ("num_parameters",)),
        PlainLayer(nn.RReLU, ("lower", "upper")),
        PlainLayer(nn.Softplus, ("beta", "threshold")),
        PlainLayer(nn.Hardtanh, ("min_val", "max_val")),
        PlainLayer(nn.Softmax, ("dim",)),
        *(
            PlainLayer(kind, ("p",))
            for kind in (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)
        ),
        PlainLayer(nn.Flatten, ("start_dim", "end_dim")),
        PlainLayer(nn.Unflatten, ("dim", "unflattened_size")),
        PlainLayer(nn.Upsample, ("size", "scale_factor", "mode", "align_corners")),
        PlainLayer(nn.UpsamplingNearest2d, ("size", "scale_factor")),
        PlainLayer(nn.UpsamplingBilinear2d, ("size", "scale_factor")),
        PlainLayer(nn.PixelShuffle, ("upscale_factor",)),
        PlainLayer(nn.PixelUnshuffle, ("downscale_factor",)),
        PlainLayer(nn.MaxPool2d, (*_POOL, "dilation")),
        PlainLayer(nn.AvgPool2d, (*_POOL, "count_include_pad")),
        PlainLayer(nn.AdaptiveAvgPool2d, ("output_size",)),
        PlainLayer(nn.AdaptiveMaxPool2d, ("output_size",)),
        PlainLayer(nn.ZeroPad2d, ("padding",)),
        PlainLayer(nn.ReflectionPad2d, ("padding",)),
        PlainLayer(nn.ReplicationPad2d, ("padding",)),
    )
}  # fmt: skip
"""Every layer that is built, by the name in a pickle."""
