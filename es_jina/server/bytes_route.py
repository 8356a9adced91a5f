"""Routes whose functions read the body and write the answer themselves."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response


class BytesRoute(APIRoute):
    """A route whose function reads the body and writes the answer itself.

    FastAPI describes it, and leaves out what it would do to each request for arguments that the
    function does not have: more than all of ours costs.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the function as it is."""
        function: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return function
