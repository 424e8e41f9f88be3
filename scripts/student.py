"""The compact network before and after its training (fresh, grown from another, pruned), and its teacher."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from videostyle.paint.backbones.backbone import Backbone, step_of


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
    return Backbone(teacher.name, " ".join(teacher.plan), tensors, pooling=teacher.pooling)


def student(plan: str, heads: Sequence[int], seed: int) -> Backbone:
    """A network with random weights (He et al. 2015)."""
    dice = torch.Generator().manual_seed(seed)
    tensors: dict[str, Tensor] = {}
    directions, width, index = iter(heads), 3, 0
    for token in plan.split():
        if (step := step_of(token)) and step.width:
            conv, spread = f"convs.{index}", math.sqrt(2 / width)
            if step.separable:
                # mostly the pixel itself, so that features pass through before anything is learned
                kernels = torch.randn(width, 1, 3, 3, generator=dice) / 4
                kernels[:, 0, 1, 1] += 0.5
                tensors[f"{conv}.depth.weight"], conv = kernels, f"{conv}.point"
                tensors[f"{conv}.weight"] = torch.randn(step.width, width, 1, 1, generator=dice) * spread
            else:
                tensors[f"{conv}.weight"] = torch.randn(step.width, width, 3, 3, generator=dice) * spread / 3
            tensors[f"{conv}.bias"] = torch.zeros(step.width)
            width, index = step.width, index + 1
        elif not step:
            out = next(directions)
            tensors[f"heads.{token}.weight"] = torch.randn(out, width, 1, 1, generator=dice) / math.sqrt(width)
            tensors[f"heads.{token}.bias"] = torch.zeros(out)
    return Backbone("compact", plan, tensors, pooling="average")


def grown(net: Backbone, start: Backbone, teacher: Backbone, pictures: Tensor) -> Backbone:
    """A fresh student with the first convolutions of a trained one, as far as their shapes are the same.

    All heads are fitted to the teacher's features of pictures (B, 3, H, W) by least squares.
    """
    tensors = {name: value.detach().clone() for name, value in net.state_dict().items()}
    for index, (fresh, trained) in enumerate(zip(net.convs, start.convs, strict=False)):
        if _shapes(fresh) != _shapes(trained):
            break
        tensors |= {f"convs.{index}.{name}": value for name, value in trained.state_dict().items()}
    convs = {name: value for name, value in tensors.items() if name.startswith("convs")}
    bare = Backbone("compact", " ".join(net.plan), convs, pooling="average")
    with torch.no_grad():
        maps, expected = bare(pictures, net.layers), teacher(pictures, net.layers)
    for layer in net.layers:
        inputs, outputs = (flat.transpose(0, 1).flatten(1).T.double() for flat in (maps[layer], expected[layer]))
        inputs = torch.cat([inputs, torch.ones(len(inputs), 1)], 1)
        ridge = 1e-4 * inputs.square().mean() * len(inputs) * torch.eye(inputs.shape[1])
        fit = torch.linalg.solve(inputs.T @ inputs + ridge, inputs.T @ outputs).T.float()
        tensors[f"heads.{layer}.weight"] = fit[:, :-1, None, None].contiguous()
        tensors[f"heads.{layer}.bias"] = fit[:, -1].contiguous()
    return Backbone("compact", " ".join(net.plan), tensors, pooling="average")


def fired(net: Backbone, pictures: Tensor) -> list[Tensor]:
    """For each convolution, which of its channels fire anywhere in pictures (B, 3, H, W); all on the CPU."""
    taps = " ".join(
        f"{token} after{place}" if _is_convolution(token) else token for place, token in enumerate(net.plan)
    )
    convs = {name: value.detach().cpu() for name, value in net.state_dict().items() if name.startswith("convs")}
    bare = Backbone("compact", taps, convs, pooling="average")
    with torch.no_grad():
        maps = bare(pictures, [layer for layer in bare.layers if layer.startswith("after")])
    return [features.amax((0, 2, 3)) > 0 for features in maps.values()]


def revive(net: Backbone, pictures: Tensor, seed: int) -> int:
    """Give channels that never fire on pictures (B, 3, H, W) fresh weights; returns how many.

    Nothing uses them at first, so the features stay as they are: the training decides what becomes of them.
    """
    dice, revived = torch.Generator().manual_seed(seed), 0
    alive = fired(net, pictures)
    conv_at = [place for place, token in enumerate(net.plan) if _is_convolution(token)]
    mixes = [conv.get_submodule("point") if hasattr(conv, "point") else conv for conv in net.convs]
    with torch.no_grad():
        for index, (conv, lives) in enumerate(zip(mixes, alive, strict=True)):
            weight, dead = conv.get_parameter("weight"), ~lives.to(conv.get_parameter("weight").device)
            revived += int(dead.sum())
            spread = math.sqrt(2 / weight[0].numel())
            weight[dead] = (torch.randn(weight.shape, generator=dice) * spread).to(weight.device)[dead]
            conv.get_parameter("bias")[dead] = 0
            users = mixes[index + 1 : index + 2]
            stop = conv_at[index + 1] if users else len(net.plan)
            users += [net.heads[token] for token in net.plan[conv_at[index] : stop] if token in net.heads]
            for user in users:
                user.get_parameter("weight")[:, dead] = 0
    return revived


def pruned(net: Backbone, pictures: Tensor) -> tuple[str, dict[str, Tensor]]:
    """Plan and tensors of a network without the channels that never fire on pictures (B, 3, H, W)."""
    tensors = {name: value.detach().cpu().float() for name, value in net.state_dict().items()}
    index, plan, lives, alive = -1, [], fired(net, pictures), torch.arange(3)
    for token in net.plan:
        if (step := step_of(token)) and step.width:
            index += 1
            before, alive = alive, lives[index].nonzero().flatten()
            conv = f"convs.{index}"
            if step.separable:
                tensors[f"{conv}.depth.weight"] = tensors[f"{conv}.depth.weight"][before].contiguous()
                conv += ".point"
            tensors[f"{conv}.weight"] = tensors[f"{conv}.weight"][alive][:, before].contiguous()
            tensors[f"{conv}.bias"] = tensors[f"{conv}.bias"][alive].contiguous()
            token = f"{len(alive)}d" if step.separable else str(len(alive))
        elif not step:
            tensors[f"heads.{token}.weight"] = tensors[f"heads.{token}.weight"][:, alive].contiguous()
        plan.append(token)
    return " ".join(plan), tensors


def _shapes(module: nn.Module) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in module.state_dict().items()}


def _is_convolution(token: str) -> bool:
    step = step_of(token)
    return bool(step and step.width)
