"""A Java whose Elasticsearch starts with less work, for nodes that live for seconds."""

import shlex
from pathlib import Path

# The second compiler pays off after minutes. Elasticsearch's launcher reads `ES_JAVA_OPTS`; the
# probe of `find_java` has to hear that this folder is the home.
SCRIPT = """#!/bin/sh
case " $* " in
*" --list-modules "*) {java} "$@" 2>&1 | sed "s#java\\.home = .*#java.home = "{home}"#" ;;
*) ES_JAVA_OPTS=-XX:TieredStopAtLevel=1 exec {java} "$@" ;;
esac
"""


def quick_java(real: Path, home: Path) -> Path:
    """Write a home of Java that runs another one; return it.

    Args:
        real: the home of the other one.
        home: the folder to make, which the node's user must be able to enter.
    """
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    java = shlex.quote(str(real / "bin" / "java"))
    program.write_text(SCRIPT.format(java=java, home=shlex.quote(str(home))))
    for path in (home, program.parent, program):
        path.chmod(0o755)
    return home
