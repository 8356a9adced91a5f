"""``python -m tests.make_docs``: write the pages that are made from the source.

``docs/cli.md`` is what every command says with ``--help``, ``docs/api.md`` what the docstrings of
the public names say. A test holds that they are current.
"""

from pathlib import Path

from tests.docs import api_page, cli_page

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {"cli.md": cli_page.text, "api.md": api_page.text}


def main() -> None:
    """Write the pages."""
    for name, text in PAGES.items():
        (DOCS / name).write_text(text(), "utf-8")


if __name__ == "__main__":
    main()
