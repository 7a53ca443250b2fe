"""Guided backpropagation changes what rectifiers pass back: they have to be modules that hooks reach.

A rectifier that is a call (`functional.relu`) escapes every hook, and the map would be a mixture that looks like any
other. So the graph of one crop is counted through, and a network with a rectifier out of reach is refused.
"""

import copy

from torch import Tensor, nn

from napari_hemalens.errors import RecipeError

_RECTIFIERS = ("Relu", "Hardtanh", "Silu", "Gelu", "Elu", "Hardswish", "Mish", "Softplus")  # nodes of autograd's graph


class Capped(nn.Module):
    """A rectifier of at most 6, of one that hooks find: torch's own ReLU6 is no ReLU to them."""

    def __init__(self) -> None:
        super().__init__()
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return `x`, in 0-6."""
        rectified: Tensor = self.relu(x)
        return rectified.clamp(max=6)


def reachable(model: nn.Module, inputs: tuple[Tensor, ...], name: str) -> nn.Module:
    """Return a model all of whose rectifiers are ReLU modules: itself, or a copy with others in their place.

    Parameters
    ----------
    model : Module
        In evaluation.
    inputs : tensors
        What it takes; the first of each batch is looked at.
    name : str
        Of the network, for the message.

    Raises
    ------
    RecipeError
        If it rectifies in a way that no hook reaches, or not at all.
    """
    if any(isinstance(module, nn.ReLU6) for module in model.modules()):
        model = _with_capped(model)
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    hooks = [module.register_forward_hook(count) for module in model.modules() if isinstance(module, nn.ReLU)]
    try:
        first, *rest = (each[:1] for each in inputs)
        out = model(first.detach().requires_grad_(), *rest)
    finally:
        for hook in hooks:
            hook.remove()
    found = _rectifiers(out)
    if calls == 0 or found != calls:
        raise RecipeError(
            f"No guided backpropagation of {name}: of its {found} rectifiers, hooks reach {calls}. "
            "Grad-CAM, saliency, integrated gradients and occlusion need none."
        )
    return model


def _with_capped(model: nn.Module) -> nn.Module:
    copied = copy.deepcopy(model)  # the network itself stays in memory for other runs
    for parent in copied.modules():
        for name, child in parent.named_children():
            if isinstance(child, nn.ReLU6):
                setattr(parent, name, Capped())
    return copied


def _rectifiers(out: Tensor) -> int:
    """Return how many rectifiers lie on the way to a tensor."""
    nodes, seen, count = [out.grad_fn], set(), 0
    while nodes:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        count += any(kind in node.name() for kind in _RECTIFIERS)
        nodes += [following for following, _ in node.next_functions]
    return count
