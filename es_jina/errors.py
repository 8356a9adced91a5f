"""Every error that es_jina raises on purpose.

::

    EsJinaError                exit 1  anything below, caught by level
    ├── RequestError           exit 2  what was asked cannot be done: an option, a file, an index
    │   └── ProfileMismatchError       the index was made for another model, dims or encoding
    ├── ClusterError           exit 4  Elasticsearch cannot be reached, or refused
    │   └── KibanaError                the same of the Kibana in front of it
    ├── ProviderError          exit 5  the model could not be loaded or asked; `passing` where it
    │   │                              may be asked again later
    │   └── CheckpointError            a checkpoint folder is not what it must be
    ├── NodeError              exit 6  the embedded Elasticsearch
    └── ItemError                      one input failed alone; it travels with its unit to the
        │                              dead-letter file and never ends a run
        ├── TooLongError               a text of more tokens than are read
        └── UnsentError                it was not sent: the tokens that may be spent are spent, or
                                       the service refused or stayed away meanwhile

Each message is one line that says what is wrong and what to do. Exit 3 is not an error: it says
that a run ended with some units in the dead-letter file. Exit 7 says that it ended at the tokens
that it may spend (`--max-tokens`). Exit 1 of `es-jina doctor` says that it found a problem. Exit
130 is Ctrl-C.
"""

from typing import ClassVar

EXIT_PARTIAL = 3
EXIT_SPENT = 7
EXIT_INTERRUPTED = 130


class EsJinaError(Exception):
    """The root of the tree."""

    exit_code: ClassVar[int] = 1


class RequestError(EsJinaError):
    """What was asked cannot be done; the message names the option, file or index."""

    exit_code = 2


class ProfileMismatchError(RequestError):
    """The index was made for something else than what is at hand; the message names both."""


class ClusterError(EsJinaError):
    """Elasticsearch cannot be reached, or refused a request."""

    exit_code = 4


class KibanaError(ClusterError):
    """Kibana cannot be reached, or refused a request."""


class ProviderError(EsJinaError):
    """The model could not be loaded or asked.

    Attributes:
        passing: whether the same call may work later: so where a service stayed busy or out of
            reach, not so where the key or the settings are wrong; ``None`` where nobody knows.
    """

    exit_code = 5

    def __init__(self, message: str, *, passing: bool | None = None) -> None:
        super().__init__(message)
        self.passing = passing


class CheckpointError(ProviderError):
    """A checkpoint folder lacks a file or a tensor, or holds one too many."""


class NodeError(EsJinaError):
    """The embedded Elasticsearch could not be fetched, started or stopped."""

    exit_code = 6


class ItemError(EsJinaError):
    """One input cannot be read or embedded; everything else goes on."""


class TooLongError(ItemError):
    """A text has more tokens than the model, or the service, reads."""


class UnsentError(ItemError):
    """One input was not sent, or its answer was not waited for.

    Attributes:
        cause: the error that ended the call before its turn; ``None`` where, with this input, more
            tokens might be billed than may be spent.
    """

    def __init__(self, message: str, cause: EsJinaError | None = None) -> None:
        super().__init__(message)
        self.cause = cause


def first_line(error: BaseException) -> str:
    """Return the first line of what an error of another library says, or its name."""
    return (str(error).splitlines() or [""])[0] or type(error).__name__
