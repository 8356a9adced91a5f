"""The first stage: the vision tower alone learns to read words on small strips."""

import torch
from torch import Tensor, nn

from es_jina.demo.training.batches import Pages, alphabet
from es_jina.demo.training.losses import letter_loss, taken_for
from es_jina.demo.training.network import Trainee
from es_jina.demo.vocabulary import vocabulary
from es_jina.model.images import normalised
from es_jina.model.settings import ImageSpec


class Reader(nn.Module):
    """The heads of this stage: the letter at each patch, the word at each cell."""

    def __init__(self, net: Trainee) -> None:
        super().__init__()
        shape = net.shape
        self.letters = nn.Sequential(
            nn.RMSNorm(shape.vision_width), nn.Linear(shape.vision_width, len(alphabet()) + 1)
        )
        self.words = nn.Sequential(
            nn.RMSNorm(shape.hidden), nn.Linear(shape.hidden, vocabulary().labels)
        )

    def loss(self, seen: Tensor, cells: Tensor, batch: Pages) -> tuple[Tensor, float]:
        """Return the loss of a batch, and which share of the word cells was read.

        Args:
            seen: (pages, patches, width), the patches' states.
            cells: (pages, cells, hidden), the vision tower's tokens.
            batch: what they show.
        """
        device = seen.device
        letters = torch.from_numpy(batch.letters).to(device).flatten()
        allowed = torch.from_numpy(batch.cells).to(device).flatten(0, 1)
        logits = self.words(cells.float()).flatten(0, 1)
        loss = taken_for(logits, allowed)
        loss = loss + letter_loss(self.letters(seen).flatten(0, 1), letters)
        with torch.no_grad():
            words = allowed[:, 1:].any(dim=1)
            right = allowed[words].gather(1, logits[words].argmax(dim=1, keepdim=True))
        return loss, float(right.float().mean())


def pixels_of(batch: Pages, device: torch.device) -> Tensor:
    """Return a batch's patches as the vision tower reads them, a little lighter or darker."""
    pages, patches, numbers = batch.patches.shape
    flat = torch.from_numpy(batch.patches).to(device).view(-1, numbers)
    pixels = normalised(flat, ImageSpec()).view(pages, patches, numbers)
    contrast = 1 + 0.15 * torch.randn(pages, 1, 1, device=device).clamp(-2, 2)
    return pixels * contrast + 0.1 * torch.randn(pages, 1, 1, device=device)
