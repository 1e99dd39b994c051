"""HTTP to Dify's Service API. Neither a key nor a whole URL ever stands in an error."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import gevent
import httpx
import orjson
from gevent.pool import Pool

from endpoints.http.errors import (
    AppError,
    AppTimeout,
    IncompleteStream,
    InvalidParam,
    Overloaded,
)
from provider.dify_errors import from_service_api
from provider.files import LocalFile
from provider.upload_errors import from_upload_answer

CONNECT_SECONDS = 10.0
"""For a connection to be made; a host that takes longer is not there."""

READ_SECONDS = 180.0
"""Between two pieces of an answer. Dify pings every 10 s, but only from its response headers on,
and those of chats wait for the model's first token."""

ASK_SECONDS = 10.0
"""For a short question: what an app is, or that a run be stopped."""

UPLOAD_SECONDS = 30.0
"""Between the end of a file and Dify's answer to it."""

MAX_CONNECTIONS = 800
"""At once: each stream has one, and the process has at most so many requests."""

MAX_IDLE_CONNECTIONS = 50
"""Kept for the next run, so that it need not wait for a handshake."""

MAX_BODY_BYTES = 1024 * 1024
"""Of an answer that is no stream: errors, and what an app is."""


_JSON = MappingProxyType({"Content-Type": "application/json"})

MAX_STOPS = 50
"""Runs that are being stopped at once; what is beyond is left to end by itself."""

_STOPS = Pool(MAX_STOPS)


@cache
def _http() -> httpx.Client:
    """One for the process, made when it is first needed. It follows the environment's proxies, no
    redirects, and keeps no cookies: requests of different endpoints share nothing but sockets."""
    client = httpx.Client(
        limits=httpx.Limits(
            max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_IDLE_CONNECTIONS
        ),
        headers={"Accept-Encoding": "identity", "User-Agent": "app-proxy"},
        follow_redirects=False,
    )
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client


class ServiceApiClient:
    """Speaks with the Service API about one app.

    Args:
        base_url: of the Service API, without a slash at its end.
        key: the app's Service API key.
    """

    def __init__(self, base_url: str, key: str) -> None:
        self._base_url = base_url
        self._headers = {"Authorization": f"Bearer {key}"}

    @contextmanager
    def stream(self, path: str, body: dict[str, Any]) -> Iterator[Iterator[bytes]]:
        """Post a run and read its answer as it comes.

        Raises:
            InvalidParam: the body can't be written as JSON.
            ProxyError: Dify refuses it, can't be reached, or breaks off.
        """
        response = self._send("POST", path, READ_SECONDS, content=_json(body), headers=_JSON)
        try:
            if response.status_code != httpx.codes.OK:
                raise from_service_api(
                    response.status_code,
                    _body(response),
                    response.headers.get("Retry-After"),
                    in_conversation=bool(body.get("conversation_id")),
                )
            yield self._chunks(response)
        finally:
            response.close()

    def get(self, path: str) -> dict[str, Any]:
        """Ask for a JSON object.

        Raises:
            ProxyError: Dify refuses, can't be reached, or answers something else.
        """
        return self._object(self._send("GET", path, ASK_SECONDS))

    def upload(self, path: str, file: LocalFile, user: str) -> dict[str, Any]:
        """Post a file.

        Raises:
            ProxyError: Dify refuses it, can't be reached, or answers something else.
        """
        parts = {"file": (file.name, file.content, file.mime_type)}
        response = self._send("POST", path, UPLOAD_SECONDS, data={"user": user}, files=parts)
        if response.is_success or response.status_code == httpx.codes.UNAUTHORIZED:
            return self._object(response)
        try:
            body = _body(response)
        finally:
            response.close()
        raise from_upload_answer(response.status_code, body.decode("utf-8", "replace"))

    def _object(self, response: httpx.Response) -> dict[str, Any]:
        """The JSON object that Dify answers."""
        try:
            body = _body(response)
        finally:
            response.close()
        if not response.is_success:
            retry_after = response.headers.get("Retry-After")
            raise from_service_api(response.status_code, body, retry_after, in_conversation=False)
        try:
            answer = orjson.loads(body)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise AppError(f"The Service API at {self._host} answered with something else.")
        return answer

    def stop(self, path: str, user: str) -> None:
        """Have a run stopped, without waiting for it."""
        if _STOPS.free_count():
            _STOPS.spawn(self._stop, path, user)

    def _stop(self, path: str, user: str) -> None:
        # nobody is there to be told if it fails; and of the answer nothing is read
        with (
            suppress(Exception),
            gevent.Timeout(ASK_SECONDS, False),
            _http().stream(
                "POST",
                self._base_url + path,
                content=orjson.dumps({"user": user}),
                headers={**self._headers, **_JSON},
                timeout=ASK_SECONDS,
            ),
        ):
            pass

    @property
    def _host(self) -> str:
        parts = urlsplit(self._base_url)
        return parts.hostname + (f":{parts.port}" if parts.port else "") if parts.hostname else ""

    def _send(
        self,
        method: str,
        path: str,
        read_seconds: float,
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
        **body: Any,
    ) -> httpx.Response:
        timeout = httpx.Timeout(read_seconds, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS)
        try:
            request = _http().build_request(
                method,
                self._base_url + path,
                headers={**self._headers, **headers},
                timeout=timeout,
                **body,
            )
            return _http().send(request, stream=True)
        except (httpx.ReadTimeout, httpx.WriteTimeout):
            raise AppTimeout(f"Dify began no answer within {read_seconds:.0f} s.") from None
        except httpx.PoolTimeout:
            raise Overloaded("Too many runs are under way. Try again later.") from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError):  # the last from a host's name
            raise AppError(
                f"The Service API at {self._host} could not be reached. The administrator has to "
                "look at the setting `service_api_url`."
            ) from None

    def _chunks(self, response: httpx.Response) -> Iterator[bytes]:
        try:
            yield from response.iter_raw()
        except httpx.ReadTimeout:
            raise AppTimeout(f"The app sent nothing for {READ_SECONDS:.0f} s.") from None
        except httpx.HTTPError:
            raise IncompleteStream("Dify broke off before the app had finished.") from None


def _json(body: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:
        raise InvalidParam(
            "`inputs` or `files` can't be passed on to Dify: they are nested too deeply."
        ) from None


def _body(response: httpx.Response) -> bytes:
    body = b""
    with suppress(httpx.HTTPError):
        for chunk in response.iter_raw():
            body += chunk
            if len(body) >= MAX_BODY_BYTES:
                break
    return body[:MAX_BODY_BYTES]
