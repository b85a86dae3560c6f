"""The admin API as one ASGI application. The token comes first: a stranger makes it read nothing else."""

import hmac
import logging
from asyncio import CancelledError
from urllib.parse import parse_qs

from openclaw.budget.ledger import LedgerUnavailable
from openclaw.calls import Failure
from openclaw.dialects.jsontext import encode
from openclaw.gateway.answers import INTERNAL
from openclaw.gateway.identity import presented_key
from openclaw.gateway.key_store import KeysUnavailable, SecretLost
from openclaw.gateway.ports import RawHeaders, Refused
from openclaw.gateway.snapshot import key_digest
from openclaw.server.admin import accounts, calls, keys, runs, spend
from openclaw.server.admin.asked import Admin, AdminAsked, AdminPage
from openclaw.server.asgi import AsgiCaller, CallerLeft, Receive, Scope, Send, check_headers
from openclaw.server.pages import Document
from openclaw.server.voices import OPENAI

log = logging.getLogger("openclaw")

PAGES = (*keys.PAGES, *runs.PAGES, *spend.PAGES, *accounts.PAGES, *calls.PAGES)
BODY_BYTES_MAX = 64 * 1024
_RETRY_S = 5.0
# Keys' texts are in some answers; nothing on the way may keep one.
_HEADERS = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]


class AdminApp:
    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        caller = AsgiCaller(
            {**scope, "query_string": b""}, receive, send
        )  # a token in a URL would be logged on its way
        try:
            answer = await self._answer(scope, caller)
            headers = list(_HEADERS)
            if answer.status == 503:
                headers.append((b"retry-after", b"%d" % _RETRY_S))
            data = encode(answer.body)
            if not caller.head_only:
                headers.append((b"content-length", b"%d" % len(data)))
            await caller.start(answer.status, headers)
            await caller.end(data)
        except CallerLeft:
            return
        except CancelledError:
            if not caller.gone:
                raise
        finally:
            caller.close()

    async def _answer(self, scope: Scope, caller: AsgiCaller) -> Document:
        try:
            return await self._served(scope, caller)
        except Refused as refused:
            failure = refused.failure
        except (LedgerUnavailable, KeysUnavailable) as error:
            log.error("the admin API cannot use the store: %s", error)
            failure = _UNAVAILABLE
        except SecretLost as error:
            failure = Failure(kind="server", message=str(error), status=500, code="secret_lost")
        except Exception:
            # The request boundary, as in the pipeline: the log has the details.
            log.exception("a request to the admin API failed")
            failure = INTERNAL
        status, body = OPENAI.errors.encode_error(failure)
        return Document(body, status)

    async def _served(self, scope: Scope, caller: AsgiCaller) -> Document:
        """Raises `Refused`, and what the stores raise."""
        failure = check_headers(caller.headers, self._admin.gateway.snapshot.limits)
        if failure is not None:
            raise Refused(failure)
        self._check_token(caller.headers)
        method = "GET" if caller.head_only else scope["method"]
        page, found = _find_page(method, scope["path"])
        body = await caller.body(BODY_BYTES_MAX) if method != "GET" else b""
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        return await page.serve(AdminAsked(found, query, admin=self._admin, body=body))

    def _check_token(self, headers: RawHeaders) -> None:
        """Raises `Refused`. After a reload that took the token away, nobody gets in."""
        expected, presented = self._admin.gateway.snapshot.admin_token, presented_key(headers)
        if expected is None or presented is None or not hmac.compare_digest(key_digest(presented), expected):
            message = "The admin API needs its token: send it as 'Authorization: Bearer TOKEN'."
            raise Refused(Failure(kind="authentication", message=message, code="invalid_admin_token"))


def _find_page(method: str, path: str) -> tuple[AdminPage, dict[str, str]]:
    """Raises `Refused`."""
    known = False
    for page in PAGES:
        if match := page.path.fullmatch(path):
            known = True
            if page.method == method:
                return page, match.groupdict()
    if known:
        message = f"{method} is not allowed at {path[:200]}."
        raise Refused(Failure(kind="not_found", message=message, code="method_not_allowed", status=405))
    message = f"Unknown request: {method} {path[:200]}. The admin API is under /admin/v1, e.g. GET /admin/v1/keys."
    raise Refused(Failure(kind="not_found", message=message, code="unknown_url"))


_UNAVAILABLE = Failure(
    kind="overloaded",
    message="The store cannot be used now.",
    status=503,
    code="store_unavailable",
    retry_after_s=_RETRY_S,
)
