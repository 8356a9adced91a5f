"""`python -m tests.ingest.forked_runner ...`: ingests to be killed, without a start of Python each.

The arguments are those of the runner. For each line that comes it forks an ingest, and says its
process number and, when it has ended, its exit code.
"""

import os
import sys

from .runner import ingest

if __name__ == "__main__":
    for _ in sys.stdin:
        child = os.fork()
        if not child:
            os.dup2(2, 1)  # standard output is for what is said here
            os._exit(ingest(*sys.argv[1:]))
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
