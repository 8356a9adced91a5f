"""A service with the API: where it is, what opens it, and what its calls share."""

from dataclasses import dataclass

from es_jina.errors import ProviderError
from es_jina.providers.http import JsonClient
from es_jina.providers.keys import find_key
from es_jina.providers.request_size import TokenScale
from es_jina.providers.usage import Purse

BASE_URL = "https://api.jina.ai"
# Seconds that one request goes on trying while the API is busy or out of reach.
PATIENCE = 120.0

_NO_KEY = (
    "no API key: get one at https://jina.ai and set JINA_API_KEY, or name a file that holds it "
    "with --key-file"
)


@dataclass(slots=True)
class Service:
    """What the calls of one provider share.

    Attributes:
        client: of the service.
        scale: what is known of its tokens.
        purse: the tokens that may be spent.
        patience: seconds for which a request goes on trying.
        no_key: what is wrong and what to do, where a key is needed and there is none.
        refused: how many requests were refused before any was taken.
    """

    client: JsonClient
    scale: TokenScale
    purse: Purse
    patience: float
    no_key: str | None = None
    refused: int = 0

    def require_key(self) -> None:
        """Refuse to send anything without a key that is needed.

        Raises:
            ProviderError: there is none.
        """
        if self.no_key is not None:
            raise ProviderError(self.no_key, passing=False)


def open_service(
    api_key: str | None,
    base_url: str,
    billed_per_tile: int,
    patience: float,
    max_tokens: int | None = None,
    *,
    otherwise: str = "",
) -> Service:
    """Get ready to ask; nothing is sent yet.

    Args:
        api_key: by default that of the environment; a service at another address may do without.
        base_url: the address, without a route.
        billed_per_tile: the tokens that a tile of an image is billed as.
        patience: seconds for which a request goes on trying.
        max_tokens: how many may be billed.
        otherwise: what to do without a key.

    Raises:
        ProviderError: the key or the address cannot be right.
    """
    key = find_key(api_key)
    return Service(
        JsonClient(base_url, key),
        TokenScale(billed_per_tile),
        Purse(max_tokens),
        patience,
        _NO_KEY + otherwise if key is None and is_hosted_api(base_url) else None,
    )


def is_hosted_api(base_url: str) -> bool:
    """Whether an address is that of the hosted API, and not of another service like it."""
    return base_url.rstrip("/") == BASE_URL
