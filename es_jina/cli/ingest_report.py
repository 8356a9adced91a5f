"""What an ingest has done, told to people."""

import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import click

from es_jina.cli.billing import Bill, counted

if TYPE_CHECKING:
    from es_jina.ingest.report import Report

# Controls, formats (such as the direction of writing), and ends of lines and paragraphs.
_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp"})


def print_report(report: "Report", dead_letter: Path, bill: Bill, max_tokens: int | None) -> None:
    """Write the summary.

    Args:
        report: of the run.
        dead_letter: the file of its failures.
        bill: of the run.
        max_tokens: that it may have been billed.
    """
    rate = report.embedded / report.seconds if report.seconds else 0.0
    say(
        f"{counted(report.sources, 'source')}: {counted(report.embedded, 'unit')} embedded"
        + (f" in {report.seconds:.1f} s ({rate:.1f}/s)" if report.embedded else "")
        + f", {report.unchanged} unchanged, {report.deleted} outdated ones removed, "
        f"{report.failed} failed"
    )
    if report.pruned:
        say(f"{report.pruned} units removed whose sources are gone")
    for line in (*details(report), *bill.used):
        say(line)
    if report.failed:
        rest = "; everything else is in the index" if report.whole else ""
        say(f"All failures are in {dead_letter}{rest}.")
    if report.unsent:
        say(_spent(report, bill, max_tokens))
    if report.interrupted:
        say("Interrupted: what was in flight is in the index; run it again to go on.")


def _spent(report: "Report", bill: Bill, max_tokens: int | None) -> str:
    # Where nothing could be sent at all, the same number will not do the next time either.
    sent = bill.usage is not None and bill.usage.tokens > 0
    return (
        f"Stopped at --max-tokens {max_tokens or 0:,}: {report.unsent:,} units, and all behind "
        f"them, were not sent; {'run it again to go on' if sent else 'raise it'}."
    )


def details(report: "Report") -> list[str]:
    """Return a line for each kind of thing that was passed by, and for the first failures."""
    lines = []
    if report.skipped:
        lines.append(f"{report.skipped} files skipped: neither text, HTML, image nor PDF")
    if report.skipped_records:
        lines.append(
            f"{report.skipped_records} files of records skipped: say what to embed of them with "
            "--text-field or --image-field"
        )
    lines += [f"  failed: {failure.name}: {failure.message}" for failure in report.failures]
    if report.failed > len(report.failures):
        lines.append(f"  ... and {report.failed - len(report.failures)} more")
    return lines


def say(text: str, *, err: bool = False) -> None:
    """Print a line; a name may hold bytes that are no text, and characters that move the cursor."""
    readable = text.encode("utf-8", "replace").decode()
    click.echo("".join(map(_visible, readable)), err=err)


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _INVISIBLE:
        return character
    return character.encode("unicode_escape").decode()
