"""The config folder of an embedded node, written anew at every start."""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from es_jina.elastic.running import write

HOST = "127.0.0.1"
_PORT = "port"

LOGGING = """\
status = error
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %m%n%rEx{1}%n
appender.console.filter.threshold.type = ThresholdFilter
appender.console.filter.threshold.level = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = ${sys:es.logs.base_path}/elasticsearch.log
appender.file.filePattern = ${sys:es.logs.base_path}/elasticsearch-%i.log
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 16MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 1
"""


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """What is configured of a node.

    Attributes:
        heap: the JVM's, such as ``512m`` or ``2g``.
        port: of HTTP; when ``None``, that of the last start if it is free, else another.
        secured: whether callers must sign in.
        settings: more of them, by their full names.
        files: a folder of more files for the config folder; folders in it are left out.
    """

    heap: str
    port: int | None
    secured: bool
    settings: Mapping[str, object]
    files: Path | None

    @property
    def certificate(self) -> str | None:
        """The PEM file in the config folder that the node shows; ``None`` without https."""
        name = self.settings.get("xpack.security.http.ssl.certificate")
        return None if name is None else str(name)

    def write(self, folder: Path, shipped: Path) -> None:
        """Fill ``config`` in a node's folder.

        Args:
            folder: the node's; it has an empty ``config``.
            shipped: the distribution's own config folder.
        """
        config = folder / "config"
        for source in (shipped, self.files):
            for file in () if source is None else source.iterdir():
                if file.is_file():
                    shutil.copyfile(file, config / file.name)
        (config / "elasticsearch.yml").write_text(self._settings(folder), encoding="utf-8")
        (config / "log4j2.properties").write_text(LOGGING)
        (config / "jvm.options").write_text(self._jvm_options(folder, shipped), encoding="utf-8")

    def _settings(self, folder: Path) -> str:
        settings = {
            "cluster.name": "es-jina",
            "node.name": "es-jina",
            "path.data": str(folder / "data"),
            "path.logs": str(folder / "logs"),
            "network.host": HOST,
            "http.port": self.port or _usual_port(folder),
            "transport.port": 0,
            "node.portsfile": True,
            "discovery.type": "single-node",
            "cluster.routing.allocation.disk.threshold_enabled": False,
            "xpack.security.enabled": self.secured,
            "xpack.security.http.ssl.enabled": self.certificate is not None,
            **self.settings,
        }
        return "".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items())

    def _jvm_options(self, folder: Path, shipped: Path) -> str:
        lines = (shipped / "jvm.options").read_text().splitlines()
        # Some name files in folders that Elasticsearch may not write to.
        kept = [line for line in lines if not re.search(r"Xlog|HeapDump|ErrorFile", line)]
        ours = [f"-Xms{self.heap}", f"-Xmx{self.heap}", "-XX:-UsePerfData"]
        return "\n".join([*kept, *ours, f"-XX:ErrorFile={folder}/logs/hs_err_pid%p.log", ""])


def note_port(folder: Path, url: str) -> None:
    """Keep a node's port for its next start: who has its address finds it again."""
    write(folder / _PORT, str(urlsplit(url).port))


def _usual_port(folder: Path) -> str:
    """Return the ports to try, in Elasticsearch's words; 0 is any that is free."""
    try:
        return f"{int((folder / _PORT).read_text())},0"
    except (OSError, ValueError):
        return "0"
