"""torchvision's classifiers, told by the names and shapes of their tensors."""

from collections.abc import Mapping

import torch

_TENSORS = {
    "alexnet": 16, "vgg11": 22, "vgg13": 26, "vgg16": 32, "vgg19": 38, "squeezenet1_0": 52,
    "squeezenet1_1": 52, "vgg11_bn": 62, "vgg13_bn": 76, "vgg16_bn": 97, "vgg19_bn": 118,
    "resnet18": 122, "resnet34": 218, "mobilenet_v2": 314, "resnet50": 320, "wide_resnet50_2": 320,
    "efficientnet_b0": 360, "resnet101": 626, "densenet121": 727, "resnet152": 932,
}  # fmt: skip
"""How many tensors each has, so that only one or two have to be looked at."""
_LAST = 2  # tensors, which have as many numbers as there are classes


def known_classifier(shapes: Mapping[str, tuple[int, ...]]) -> str | None:
    """The name of the classifier that these are the tensors of, or None.

    Args:
        shapes: by tensor; the number of classes may differ.
    """
    for name, count in _TENSORS.items():
        if count != len(shapes):
            continue
        # torchvision takes its time to be imported.
        from latentviewer.engine.adapters.torchvision_classifier import untrained

        with torch.device("meta"):
            own = {key: tuple(t.shape) for key, t in untrained(name, 1000).state_dict().items()}
        body = list(own)[:-_LAST]
        if own.keys() == shapes.keys() and all(own[key] == shapes[key] for key in body):
            return name
    return None
