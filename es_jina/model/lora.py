"""Low-rank adapters for several tasks at once, never merged into the base weights.

``y = W x + s * B_t A_t x`` for the rows of task ``t`` (LoRA, Hu et al. 2021). Different rows of one
batch may belong to different tasks.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from es_jina.model.checkpoint import Adapters


class TaskRows:
    """Which rows of the batch in flight belong to which task; shared by all adapted layers."""

    def __init__(self, tasks: Sequence[str]) -> None:
        self.tasks = tuple(tasks)
        self.groups: list[tuple[int, slice | Tensor]] = []

    @contextmanager
    def set(self, row_tasks: Sequence[str], device: torch.device) -> Iterator[None]:
        """Serve these tasks, one for each row, while the block runs.

        Raises:
            ValueError: a task without an adapter; its rows would silently go without one.
        """
        if unknown := set(row_tasks) - set(self.tasks):
            raise ValueError(f"no adapter for {', '.join(sorted(unknown))}")
        self.groups = list(self._grouped(row_tasks, device))
        try:
            yield
        finally:
            self.groups = []

    def _grouped(
        self, row_tasks: Sequence[str], device: torch.device
    ) -> Iterator[tuple[int, slice | Tensor]]:
        for number, task in enumerate(self.tasks):
            rows = [row for row, row_task in enumerate(row_tasks) if row_task == task]
            if len(rows) == len(row_tasks):
                yield number, slice(None)
            elif rows:
                yield number, torch.tensor(rows, device=device)


class LoraLinear(nn.Module):
    """A linear layer with one low-rank pair for each task."""

    def __init__(self, base: nn.Linear, name: str, adapters: Adapters, rows: TaskRows) -> None:
        super().__init__()
        pairs = [adapters.weights[task, name] for task in rows.tasks]
        like = base.weight  # the same device and precision
        self.base = base
        self.rows = rows
        self.scaling = adapters.scaling
        self.a = nn.ParameterList(
            nn.Parameter(pair.a.to(like), requires_grad=False) for pair in pairs
        )
        self.b = nn.ParameterList(
            nn.Parameter(pair.b.to(like), requires_grad=False) for pair in pairs
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map x (rows, ..., in) to (rows, ..., out)."""
        y: Tensor = self.base(x)
        for number, rows in self.rows.groups:
            low = nn.functional.linear(x[rows], self.a[number])
            y[rows] += nn.functional.linear(low, self.b[number]) * self.scaling
        return y


def adapt(module: nn.Module, names: Sequence[str], adapters: Adapters, rows: TaskRows) -> None:
    """Replace the named linear layers of a module by adapted ones."""
    for name in names:
        parent_name, _, child = name.rpartition(".")
        parent = module.get_submodule(parent_name)
        base = getattr(parent, child)
        setattr(parent, child, LoraLinear(base, name, adapters, rows))
