"""``es-jina doctor``."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from es_jina.cli.options import cluster_options, open_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from es_jina.elastic.doctor import Finding

_COLOURS = {"ok": "green", "restored": "cyan", "warning": "yellow", "problem": "red"}


@click.command(name="doctor")
@click.argument("index", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@cluster_options
def command(*, index: str | None, as_json: bool, **cluster: Any) -> int:
    """Say what is wrong with the cluster and with INDEX, and how to mend it.

    Without INDEX it looks at every index that es_jina made. Each line begins with ok, restored,
    warning or problem. What a fast load that was killed has left is restored there and then.

    The exit code is 1 where a problem is left to be solved, 0 where there is none.
    """
    problems = False
    findings = []
    for finding in _findings(index, cluster):
        problems |= finding.level == "problem"
        findings.append(asdict(finding))
        if not as_json:
            _print(finding)
    if as_json:
        click.echo(json.dumps(findings))
    return int(problems)


def _findings(index: str | None, cluster: dict[str, Any]) -> "Iterator[Finding]":
    from es_jina.elastic.capabilities import Capabilities
    from es_jina.elastic.doctor import examine_cluster, examine_indices

    with open_cluster(**cluster) as client:
        capabilities = Capabilities.detect(client)
        yield from examine_cluster(client, capabilities)
        yield from examine_indices(client, capabilities, index)


def _print(finding: "Finding") -> None:
    level = click.style(f"{finding.level:8}", fg=_COLOURS[finding.level])
    step = f"; next: {finding.step}" if finding.step else ""
    click.echo(f"{level}  {finding.about}: {finding.message}{step}")
