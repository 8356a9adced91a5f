"""What one request may hold, and what may wait."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a server.

    Attributes:
        body_bytes: of a request's body.
        items: inputs of a request.
        tokens: of all inputs of a request together.
        image_bytes: of an image or a PDF, decoded from base64 or fetched.
        image_pixels: of an image.
        pdf_pages: of a PDF.
        queue_tokens: of all that may wait; what comes then is refused with 429.
        batch_tokens: of what is embedded in one call of the provider.
    """

    body_bytes: int = 64 * 1024 * 1024
    items: int = 512
    tokens: int = 1_000_000
    image_bytes: int = 16 * 1024 * 1024
    image_pixels: int = 20_000_000
    pdf_pages: int = 100
    queue_tokens: int = 2_000_000
    batch_tokens: int = 16_384
