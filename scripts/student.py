"""The compact network before and after its training (fresh, narrowed from another, pruned), and its teacher."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from videostyle.paint.backbones.backbone import Backbone


def turned(teacher: Backbone, plan: str, heads: Sequence[int], pictures: Tensor) -> Backbone:
    """The teacher with heads that rotate each layer's features to their principal directions and keep the first ones.

    The directions are eigenvectors of the features' second moments over pictures (B, 3, H, W). Each head is divided by
    the mean size of its output: Gatys's weight normalization, but one number per layer, which keeps distances.
    """
    layers = [token for token in plan.split() if token in teacher.layers]
    tensors = dict(teacher.state_dict())
    with torch.no_grad():
        features = teacher(pictures, layers)
    for layer, width in zip(layers, heads, strict=True):
        flat = features[layer].transpose(0, 1).flatten(1).double()
        basis = torch.linalg.eigh(flat @ flat.T).eigenvectors.flip(1)[:, :width].T
        basis = (basis / (basis @ flat).abs().mean()).float()
        tensors[f"heads.{layer}.weight"] = basis[:, :, None, None].contiguous()
        tensors[f"heads.{layer}.bias"] = torch.zeros(width)
    return Backbone("vgg19", " ".join(teacher.plan), tensors, pooling=teacher.pooling)


def student(plan: str, heads: Sequence[int], seed: int) -> Backbone:
    """A network with random weights (He et al. 2015)."""
    dice = torch.Generator().manual_seed(seed)
    tensors: dict[str, Tensor] = {}
    directions, width, index = iter(heads), 3, 0
    for token in plan.split():
        if token.isdigit():
            spread = math.sqrt(2 / (9 * width))
            tensors[f"convs.{index}.weight"] = torch.randn(int(token), width, 3, 3, generator=dice) * spread
            tensors[f"convs.{index}.bias"] = torch.zeros(int(token))
            width, index = int(token), index + 1
        elif token != "P":
            out = next(directions)
            tensors[f"heads.{token}.weight"] = torch.randn(out, width, 1, 1, generator=dice) / math.sqrt(width)
            tensors[f"heads.{token}.bias"] = torch.zeros(out)
    return Backbone("compact", plan, tensors, pooling="average")


def narrowed(
    wide: Backbone, plan: str, heads: Sequence[int], seed: int, teacher: Backbone, pictures: Tensor
) -> Backbone:
    """A student made from a trained network, usually a wider one: it keeps each convolution's most important channels.

    Importance: mean square of the channel on pictures (B, 3, H, W), times that of the weights that use it. Where the
    student is wider, random channels are added. Heads keep their first directions, rotated to the teacher's.
    """
    dice = torch.Generator().manual_seed(seed)
    tensors = {name: value.detach().clone() for name, value in wide.state_dict().items()}
    taps = " ".join(f"{token} after{place}" if token.isdigit() else token for place, token in enumerate(wide.plan))
    bare = Backbone("compact", taps, {k: v for k, v in tensors.items() if k[0] == "c"}, pooling="average")
    with torch.no_grad():
        fired = list(bare(pictures, [layer for layer in bare.layers if layer.startswith("after")]).values())
    layers, directions = [token for token in wide.plan if token[0] == "r"], iter(heads)
    index, widths = -1, [int(token) for token in plan.split() if token.isdigit()]
    for token in wide.plan:
        if token.isdigit():
            index += 1
            users = tensors[f"convs.{index + 1}.weight"].square().sum((0, 2, 3)) if index + 1 < len(widths) else 0
            for layer in layers:
                if wide.plan.index(layer) == _place(wide.plan, index) + 1:
                    users = users + tensors[f"heads.{layer}.weight"].square().sum((0, 2, 3))
            matter = fired[index].square().mean((0, 2, 3)) * users
            best = matter.argsort(descending=True)[: widths[index]].sort().values
            for name in (f"convs.{index}.weight", f"convs.{index}.bias"):
                fresh = torch.zeros(widths[index] - len(best), *tensors[name].shape[1:])
                if fresh.dim() > 1:
                    fresh.normal_(0, math.sqrt(2 / (9 * fresh.shape[1])), generator=dice)
                tensors[name] = torch.cat([tensors[name][best], fresh])
            for name in [f"convs.{index + 1}.weight"] + [f"heads.{layer}.weight" for layer in layers]:
                mine = name[0] == "c" or wide.plan.index(name.split(".")[1]) == _place(wide.plan, index) + 1
                if name in tensors and mine:
                    kept = tensors[name][:, best]
                    fresh = torch.zeros(len(kept), widths[index] - len(best), *kept.shape[2:])
                    tensors[name] = torch.cat([kept, fresh], 1)
        elif token in layers:
            rows = next(directions)
            for kind in ("weight", "bias"):
                tensors[f"heads.{token}.{kind}"] = tensors[f"heads.{token}.{kind}"][:rows].contiguous()
    net = Backbone("compact", plan, tensors, pooling="average")
    with torch.no_grad():
        ours, theirs = net(pictures, net.layers), teacher(pictures, net.layers)
        for layer in net.layers:
            turn = _nearest_turn(ours[layer].transpose(0, 1).flatten(1), theirs[layer].transpose(0, 1).flatten(1))
            for kind in ("weight", "bias"):
                head = net.get_parameter(f"heads.{layer}.{kind}")
                head.copy_((turn @ head.flatten(1) if kind == "weight" else turn @ head).reshape(head.shape))
    return net


def _nearest_turn(points: Tensor, targets: Tensor) -> Tensor:
    """The scaled rotation (C, C) that takes points (C, N) closest to targets (C, N) (Schoenemann 1966).

    Needed because the teacher's principal directions depend on the pictures they were measured on.
    """
    left, sizes, right = torch.linalg.svd(targets @ points.T)
    turn: Tensor = left @ right * (sizes.sum() / points.square().sum())
    return turn


def _place(plan: list[str], index: int) -> int:
    """The position in a plan of the convolution with this index."""
    return [place for place, token in enumerate(plan) if token.isdigit()][index]


def pruned(net: Backbone, pictures: Tensor) -> tuple[str, dict[str, Tensor]]:
    """Plan and tensors of a network without the channels that never fire on pictures (B, 3, H, W)."""
    tensors = {name: value.detach().cpu().float() for name, value in net.state_dict().items()}
    taps = " ".join(f"{token} after{index}" if token.isdigit() else token for index, token in enumerate(net.plan))
    bare = Backbone("compact", taps, {k: v for k, v in tensors.items() if k[0] == "c"}, pooling="average")
    index, plan, alive = -1, [], torch.arange(3)
    with torch.no_grad():
        fired = bare(pictures, [layer for layer in bare.layers if layer.startswith("after")])
    for place, token in enumerate(net.plan):
        if token.isdigit():
            index += 1
            before, alive = alive, (fired[f"after{place}"].amax((0, 2, 3)) > 0).nonzero().flatten()
            tensors[f"convs.{index}.weight"] = tensors[f"convs.{index}.weight"][alive][:, before].contiguous()
            tensors[f"convs.{index}.bias"] = tensors[f"convs.{index}.bias"][alive].contiguous()
            token = str(len(alive))
        elif token != "P":
            tensors[f"heads.{token}.weight"] = tensors[f"heads.{token}.weight"][:, alive].contiguous()
        plan.append(token)
    return " ".join(plan), tensors
