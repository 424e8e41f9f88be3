"""The optimizer that trains the compact network: Muon for the weights that mix channels, Adam for all others."""

from typing import Any

import torch
from torch import Tensor, nn

from videostyle.paint.backbones.backbone import Backbone


class Descent:
    """Muon (Jordan et al. 2024) and Adam with one schedule.

    A network without normalization layers learns slowly with Adam alone (figures in scripts/LOG.md).
    """

    def __init__(self, net: Backbone, rate: float, mixing_rate: float) -> None:
        """rate: Adam's, for biases, heads, and kernels per channel; mixing_rate: Muon's, for all other kernels."""
        convs = [module for module in net.convs.modules() if isinstance(module, nn.Conv2d) and module.groups == 1]
        # the first one has three input channels: nothing to keep apart
        self._kernels = [conv.weight for conv in convs[1:]]
        mixing = {id(kernel) for kernel in self._kernels}
        self._rates = rate, mixing_rate
        self._adam = torch.optim.Adam([one for one in net.parameters() if id(one) not in mixing], rate, (0.9, 0.99))
        # Muon takes matrices only; these share the memory of the kernels
        self._matrices = [_matrix(kernel.detach()) for kernel in self._kernels]
        self._muon = torch.optim.Muon(self._matrices, mixing_rate, weight_decay=0.0)

    def step(self, factor: float) -> None:
        """Change the network by its gradients, with the learning rates times ``factor``; then forget the gradients."""
        for optimizer, rate in zip((self._adam, self._muon), self._rates, strict=True):
            optimizer.param_groups[0]["lr"] = rate * factor
        for matrix, kernel in zip(self._matrices, self._kernels, strict=True):
            assert kernel.grad is not None
            matrix.grad = _matrix(kernel.grad)
        self._adam.step()
        self._muon.step()  # type: ignore[no-untyped-call]
        self._adam.zero_grad()
        for kernel in self._kernels:
            kernel.grad = None

    def state_dict(self) -> dict[str, Any]:
        return {"adam": self._adam.state_dict(), "muon": self._muon.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._adam.load_state_dict(state["adam"])
        self._muon.load_state_dict(state["muon"])


def _matrix(kernel: Tensor) -> Tensor:
    """A kernel (O, I, H, W) with channels last as a matrix (O, H * W * I), without a copy."""
    return kernel.permute(0, 2, 3, 1).view(len(kernel), -1)
