"""What a user can do about a cluster that refuses or does not answer."""

import re
import ssl

from elastic_transport import ConnectionError as EsConnectionError
from elastic_transport import TlsError
from elasticsearch import ApiError

from es_jina.elastic.patience import causes

# OpenSSL's numbers, from x509_vfy.h: the host name, then the IP address, is not in the certificate.
_OTHER_NAMES = {62, 64}
_EXPIRED = 10

# How Elasticsearch ends "action [...] is unauthorized for user [...]"; the least one comes first.
_PRIVILEGE = re.compile(r"granted by the (\w+) privileges \[([^],]+)")

_LAPSED = "non-compliant for [Rank Vectors]"


def after_refusal(error: ApiError, told: str) -> str | None:
    """Return what to do about an answer; nothing where its reason says enough.

    Args:
        error: the answer.
        told: its reason, uncut.
    """
    match error.status_code:
        case 401 if "unable to authenticate" in told:
            return "check the API key, or the user name and the password: they are not valid here"
        case 401:
            return "sign in with --api-key, or with --username and --password"
        case 403 if lacking := _PRIVILEGE.search(told):
            scope, privilege = lacking.groups()
            return (
                f"give this user a role with the {scope} privilege `{privilege}`, or sign in as "
                "another"
            )
        case 400 | 403 if _LAPSED in told:
            return (
                "`es-jina convert-multi INDEX --to binary` moves multi-vectors to where any "
                "licence has them"
            )
        case 503 if _is_failed_search(error):
            return (
                "the index is red: a part of it is on no node, so it cannot be searched; "
                "`es-jina doctor` says more"
            )
        case _:
            return None


def _is_failed_search(error: ApiError) -> bool:
    cause = error.body.get("error") if isinstance(error.body, dict) else None
    return isinstance(cause, dict) and cause.get("type") == "search_phase_execution_exception"


def after_tls_failure(error: TlsError) -> str:
    """Return what to do where no secure connection came about."""
    refused = next((e for e in causes(error) if isinstance(e, ssl.SSLCertVerificationError)), None)
    if refused is None:
        return "give http:// in --url where it has no TLS"
    if refused.verify_code in _OTHER_NAMES:
        return "give an address in --url that is in its certificate, or renew the certificate"
    if refused.verify_code == _EXPIRED:
        return "renew its certificate"
    return "give its certificate authority, a PEM file, with --ca-certs"


def after_lost_connection(error: EsConnectionError) -> str:
    """Return what to do where nobody is there, or who is there hangs up."""
    if any(isinstance(each, ConnectionResetError) for each in causes(error)):
        return "give https:// in --url where it has TLS, or see whether it still runs"
    return "start one with `es-jina node start`, or give its address with --url"
