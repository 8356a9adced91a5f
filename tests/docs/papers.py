"""The files that the documents speak of: small ones, but real."""

import csv
import gzip
import json
from pathlib import Path

import trustme

from tests.ingest.files import pdf, picture

PUMP = """# The heat pump

Clean the filter every three months. The heat pump is covered in ice when the filter is dirty.

Coffee prices rose by a fifth; turnover by region is on page two.
"""
PRODUCTS = [
    {"sku": "A1", "about": "A teapot of blue clay", "photo": "photo.jpg", "price": 20},
    {"sku": "A2", "about": "A kettle of steel", "photo": "beach.jpg", "price": 35},
]


def lay_out(home: Path, folder: Path) -> None:
    """Fill a home, and the folder in which commands are typed.

    Args:
        home: with `Documents`.
        folder: what the documents name without a path.
    """
    documents = home / "Documents"
    for each in (documents, folder / "notes", folder / "reports"):
        each.mkdir(parents=True)
    (documents / "pump.md").write_text(PUMP)
    pdf(documents / "report.pdf", "Turnover by region", title="The report")
    (folder / "notes/today.txt").write_text("The beach at dusk, and a sunset.")
    pdf(folder / "reports/july.pdf", "Coffee prices in July")
    for name in ("photo.jpg", "beach.jpg", "beach.png", "some.png", "page.png"):
        picture(folder / name)
    (folder / "notes.md").write_text(PUMP)
    (folder / "mail.txt").write_text("Dear all, the filter is clean.")
    (folder / "lines.txt").write_text("coffee prices\nheat pump\n")
    (folder / "question.txt").write_text("how often does the filter need cleaning")
    _certificate(folder)
    _records(folder)
    _dead_letters(folder)
    # A request that is refused is a failure of the block that sends it.
    (home / ".curlrc").write_text("fail-with-body\nsilent\nshow-error\n")


def _certificate(folder: Path) -> None:
    issued = trustme.CA().issue_cert("localhost")
    issued.private_key_pem.write_to_path(str(folder / "server.key"))
    issued.cert_chain_pems[0].write_to_path(str(folder / "server.pem"))


def _records(folder: Path) -> None:
    with (folder / "products.csv").open("w", newline="") as file:
        rows = csv.DictWriter(file, PRODUCTS[0].keys())
        rows.writeheader()
        rows.writerows(PRODUCTS)
    (folder / "products.ndjson").write_text("".join(json.dumps(row) + "\n" for row in PRODUCTS))
    with gzip.open(folder / "dump.ndjson.gz", "wt") as packed:
        packed.write(json.dumps({"id": 7, "body": "A poem about the sea"}) + "\n")


def _dead_letters(folder: Path) -> None:
    late = folder / "late.txt"
    late.write_text("What failed yesterday.")
    letter = {
        "source": str(late),
        "unit": 1,
        "stage": "embed",
        "error": "ItemError",
        "message": "the model was away",
        "attempts": 1,
    }
    (folder / "docs.dead-letter.ndjson").write_text(json.dumps(letter) + "\n")
