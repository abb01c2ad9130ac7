"""Muon, the optimizer of the weight matrices (K. Jordan and others, 2024,
https://kellerjordan.github.io/posts/muon/): momentum, then the update replaced by an
approximately orthogonal matrix with the same singular vectors.
"""

import torch
from torch import Tensor

# The quintic a·s + b·s³ + c·s⁵ of that post: five rounds bring singular values in (0, 1] near 1.
A, B, C = 3.4445, -4.7750, 2.0315


def orthogonalize(g: Tensor, rounds: int = 5) -> Tensor:
    """Newton-Schulz on a stack of matrices g [n, rows, cols], in bfloat16."""
    x = g.bfloat16()
    tall = x.size(-2) > x.size(-1)
    if tall:
        x = x.mT
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(rounds):
        s = x @ x.mT
        x = A * x + (B * s + C * (s @ s)) @ x
    return (x.mT if tall else x).float()


class Muon(torch.optim.Optimizer):
    """Nesterov momentum and decoupled weight decay; equal shapes are orthogonalized together."""

    def __init__(self, params, lr: float, momentum: float = 0.95, weight_decay: float = 0.0):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            lr, momentum = group["lr"], group["momentum"]
            shapes: dict[torch.Size, list[Tensor]] = {}
            for p in group["params"]:
                shapes.setdefault(p.shape, []).append(p)
            for (rows, cols), params in shapes.items():
                updates = []
                for p in params:
                    buffer = self.state[p].setdefault("momentum", torch.zeros_like(p))
                    buffer.lerp_(p.grad, 1 - momentum)
                    updates.append(p.grad.lerp(buffer, momentum))
                # A semi-orthogonal tall matrix has a smaller root mean square per row.
                scale = max(1.0, rows / cols) ** 0.5
                for p, u in zip(params, orthogonalize(torch.stack(updates))):
                    p.mul_(1 - lr * group["weight_decay"]).add_(u, alpha=-lr * scale)
