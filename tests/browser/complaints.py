"""What a page must not do: errors, breaches of its policy, requests to other servers."""

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, WebError

# A breach that the page itself catches (an eval in a try block) leaves no line in the console.
REPORT_BREACHES = """
addEventListener("securitypolicyviolation", (event) => console.error(
  `Content Security Policy: ${event.effectiveDirective} forbids ${event.blockedURI}`));
"""


class Complaints:
    """Collects what the pages of one test do wrong."""

    def __init__(self) -> None:
        self._made: list[str] = []
        self._expected: list[str] = []

    def watch(self, context: BrowserContext) -> None:
        """Collect from every page that the context opens."""
        own: set[str] = set()

        def requested(request: Request) -> None:
            parts = urlsplit(request.url)
            if parts.scheme in {"about", "blob", "data"}:
                return
            origin = f"{parts.scheme}://{parts.netloc}"
            if not own:  # the server is the one that the first page comes from
                own.add(origin)
            if origin not in own:
                self._made.append(f"request to another server: {request.url}")

        context.add_init_script(REPORT_BREACHES)
        context.on("console", self._logged)
        context.on("weberror", self._raised)
        context.on("request", requested)

    def expect(self, part: str) -> None:
        """Say that a complaint with these words must be there when the test ends."""
        self._expected.append(part)

    def unexpected(self) -> list[str]:
        """Return what was not expected, and what was but did not come."""
        wrong = [made for made in self._made if not any(part in made for part in self._expected)]
        missing = [part for part in self._expected if not any(part in made for made in self._made)]
        return wrong + [f"expected, but it did not come: {part}" for part in missing]

    def _logged(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            where = message.location
            self._made.append(f"console error: {message.text} ({where['url']})")

    def _raised(self, raised: WebError) -> None:
        self._made.append(f"uncaught error: {raised.error}")
