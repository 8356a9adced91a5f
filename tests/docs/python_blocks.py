"""``python -m tests.docs.python_blocks``: the Python blocks of one document, in one namespace.

A line of standard input is a block; a line of standard output says ``null``, or how it failed.
"""

import contextlib
import io
import json
import sys
import traceback
from typing import Any


def main() -> None:
    """Run what comes until nothing more does."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for line in sys.stdin:
        asked = json.loads(line)
        failure = None
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                # What the documents say is run as it stands.
                exec(compile(asked["code"], asked["document"], "exec"), names)
            except BaseException:
                failure = traceback.format_exc()
        print(json.dumps(failure), flush=True)


if __name__ == "__main__":
    main()
