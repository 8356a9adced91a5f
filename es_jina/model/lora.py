"""Low-rank adapters for several tasks at once, beside the base weights or folded into them.

``y = W x + s B_t A_t x`` for a token of task ``t`` (LoRA, Hu et al. 2021). The pairs of all tasks
lie stacked in two matrices, so that tokens of different tasks go through one pair of products, each
token masked down to the rows of its own task.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from es_jina.model.checkpoint import Adapters

# Which columns of the stacked pairs serve: one task's for every token, or a mask with a row of
# zeros and ones for each token. None where an adapter is folded into the weights.
Route = slice | Tensor | None


class AdaptedLinear(nn.Linear):
    """A linear layer with one low-rank pair for each task.

    Attributes:
        a: (tasks * rank, in), the pairs' first halves stacked.
        b: (tasks * rank, out), the second halves, transposed and scaled.
    """

    a: Tensor
    b: Tensor

    def adapt(self, name: str, adapters: Adapters, tasks: Sequence[str]) -> None:
        """Take the pairs of all tasks beside the weights."""
        pairs = [adapters.weights[task, name] for task in tasks]
        like = self.weight  # the same device and precision
        self.a = torch.cat([pair.a for pair in pairs]).to(like)
        self.b = (torch.cat([pair.b.T for pair in pairs]).float() * adapters.scaling).to(like)

    def merge(self, name: str, adapters: Adapters, task: str) -> None:
        """Fold one task's pair into the weights; the product is taken in float32."""
        pair = adapters.weights[task, name]
        low, high = (half.to(self.weight.device, torch.float32) for half in (pair.a, pair.b))
        merged = torch.addmm(self.weight.float(), high, low, alpha=adapters.scaling)
        self.weight = nn.Parameter(merged.to(self.weight.dtype), requires_grad=False)

    def forward(self, x: Tensor, route: Route = None) -> Tensor:
        """Map x (tokens, in) to (tokens, out) by the adapters that the route names."""
        y: Tensor = nn.functional.linear(x, self.weight, self.bias)
        if route is None:
            return y
        if isinstance(route, slice):
            return y.addmm_(nn.functional.linear(x, self.a[route]), self.b[route])
        return y.addmm_(nn.functional.linear(x, self.a).mul_(route), self.b)


class Router:
    """Finds the route of a batch.

    Args:
        tasks: the adapters' names, in the order in which their pairs are stacked.
        rank: rows of one pair.
        merged: the one task that is folded into the weights, if any.
    """

    def __init__(self, tasks: Sequence[str], rank: int, merged: str | None) -> None:
        self.tasks = (merged,) if merged else tuple(tasks)
        self._rank = rank
        self._merged = merged

    def route(self, row_tasks: Sequence[str], lengths: Sequence[int], weights: Tensor) -> Route:
        """Return the route for rows of these tasks and lengths.

        Args:
            row_tasks: the task of each row.
            lengths: the tokens of each row.
            weights: any weight of the network, for its device and precision.

        Raises:
            ValueError: a task without an adapter; its rows would silently go without one.
        """
        used = set(row_tasks)
        if unknown := used.difference(self.tasks):
            raise ValueError(f"no adapter for {', '.join(sorted(unknown))}")
        if self._merged:
            return None
        if len(used) == 1:
            first = self.tasks.index(row_tasks[0]) * self._rank
            return slice(first, first + self._rank)
        numbers = torch.tensor([self.tasks.index(task) for task in row_tasks])
        masks = torch.eye(len(self.tasks)).repeat_interleave(self._rank, dim=1)
        return masks[numbers].repeat_interleave(torch.tensor(lengths), dim=0).to(weights)
