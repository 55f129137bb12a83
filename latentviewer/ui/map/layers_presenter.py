"""Keeps the strip of layers in step with the session."""

from latentviewer.app.workbench import Workbench
from latentviewer.ui.map.layer_strip import LayerStrip


class LayersPresenter:
    """From the layers to the strip; what is chosen there goes back as a command."""

    def __init__(self, workbench: Workbench, strip: LayerStrip) -> None:
        self._layers, self._strip = workbench.layers, strip
        self._layers.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        names = self._layers.names
        why = self._layers.why_not if names else ""
        self._strip.set_layers(names, self._layers.current, self._layers.pending, why)
