"""The stream between Dify and the caller: from what a source delivers to chunks on the wire."""

from collections.abc import Generator

from endpoints.http.caller_watch import CallerLeft, Watch
from endpoints.http.errors import AppTimeout, IncompleteStream, InternalError, ProxyError
from endpoints.http.exchange import LIMIT_SETTING, Exchange
from endpoints.http.intake import Inbox
from endpoints.http.logs import log_fault
from endpoints.http.pace import MAX_CHUNK_BYTES, Pace
from endpoints.http.renderers import Renderer
from provider.call import Event

PING_SECONDS = 10.0
"""So long nothing may have been sent before a ping is: proxies cut connections that are silent."""

OPENING_SECONDS = 10.0
"""So long the status waits for the first event: an error that comes first is a real status then."""


class Listener:
    """Waits for what a source delivers, with an eye on the time and on the caller.

    Args:
        inbox: what the source delivers.
        watch: finds out that the caller has left.
        exchange: the request that is answered.
    """

    def __init__(self, inbox: Inbox, watch: Watch, exchange: Exchange) -> None:
        self._inbox = inbox
        self._watch = watch
        self._exchange = exchange
        self._overtime: AppTimeout | None = None

    def await_something(self, until: float) -> bool:
        """Wait until there is something to send or the source has ended.

        Args:
            until: how long to wait, in seconds of the clock.

        Returns:
            whether it is so; False if `until` came first.

        Raises:
            CallerLeft: there is nobody to send it to.
        """
        inbox, exchange, watch = self._inbox, self._exchange, self._watch
        while True:
            now = exchange.clock.now()
            if now >= exchange.ends_by and not inbox.ended:
                self._end_for_time()
            if watch.has_left(inbox.last_event_at):
                raise CallerLeft
            if inbox.size or inbox.ended:
                return True
            if now >= until:
                return False
            inbox.wait(min(until, exchange.ends_by, watch.due_at(inbox.last_event_at)) - now)

    def _end_for_time(self) -> None:
        self._overtime = AppTimeout(
            f"The app ran for too long. The administrator can raise {LIMIT_SETTING} (seconds) in "
            "the plugin daemon's environment."
        )
        self._inbox.close()

    def failure(self) -> ProxyError | None:
        """Why the source did not come to a proper end; None if it did."""
        if self._overtime is not None:
            return self._overtime
        failure = self._inbox.failure
        if failure is None:
            if self._inbox.terminal is None:
                return IncompleteStream("The app's stream stopped before the app had finished.")
            return None
        if isinstance(failure, ProxyError):
            return failure
        log_fault(failure, self._exchange.request_id)
        return InternalError()

    def stop(self) -> None:
        """Free the source and ask no more after the caller."""
        self._inbox.close()
        self._watch.stop()


class Relay:
    """One stream.

    Args:
        inbox: what the source delivers, as bytes of the format.
        listener: waits for it.
        renderer: the format.
        exchange: the request that is answered.
    """

    def __init__(
        self, inbox: Inbox, listener: Listener, renderer: Renderer, exchange: Exchange
    ) -> None:
        self._inbox = inbox
        self._listener = listener
        self._renderer = renderer
        self._exchange = exchange
        self._pace = Pace(exchange.clock)
        self._sent_at = exchange.started_at

    def open(self) -> Event | None:
        """Wait for the first event, or until the status can't wait any longer.

        Returns:
            the first event, or None if none came in time.

        Raises:
            ProxyError: the source ended or failed before its first event.
        """
        inbox, committed_at = self._inbox, self._exchange.started_at + OPENING_SECONDS
        while inbox.opening is None and not inbox.ended:
            left = committed_at - self._exchange.clock.now()
            if left <= 0:
                inbox.forget_opening()
                return None
            inbox.wait(left)
        opening = inbox.opening
        inbox.forget_opening()
        if opening is None:
            raise self._listener.failure() or IncompleteStream("The app ended without an event.")
        return opening

    def chunks(self) -> Generator[bytes, None, None]:
        """The answer, chunk by chunk. It raises nothing and always ends with a terminal event."""
        try:
            yield from self._relay()
        except CallerLeft:
            return
        except Exception as fault:
            log_fault(fault, self._exchange.request_id)
            yield from self._pace.send(self._last_words(InternalError()))
        finally:
            self._listener.stop()

    def _relay(self) -> Generator[bytes, None, None]:
        inbox, pace = self._inbox, self._pace
        while True:
            if not self._listener.await_something(self._sent_at + PING_SECONDS):
                chunk = self._renderer.ping()
            elif inbox.size:
                pace.wait()
                pace.fill(lambda: inbox.ended or inbox.size >= MAX_CHUNK_BYTES)
                chunk = inbox.take(MAX_CHUNK_BYTES)
            else:
                break
            yield chunk
            self._sent_at = pace.sent(len(chunk))
        yield from pace.send(self._ending())

    def _ending(self) -> bytes:
        failure = self._listener.failure()
        if failure is None:
            return self._renderer.end()
        if self._inbox.terminal == "error":
            return b""  # Dify has said why already
        return self._last_words(failure)

    def _last_words(self, failure: ProxyError) -> bytes:
        return self._renderer.failure(failure, self._exchange.request_id)
