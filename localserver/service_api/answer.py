"""Answering a run: a stream of frames, or one object."""

from __future__ import annotations

import asyncio
import json

from starlette.types import Receive, Send

from localserver.apps import App, Call, DifyError, SentError
from localserver.apps.base import Event
from localserver.asgi import send_whole
from localserver.service_api.requests import refusal
from localserver.service_api.run import INTERNAL_ERROR, End, Run

EVENT_STREAM = [(b"content-type", b"text/event-stream; charset=utf-8")]


async def send_blocking(app: App, call: Call, send: Send) -> End:
    """Run an app in blocking mode and answer what it gives at its end.

    Raises:
        DifyError: the run failed.
    """
    answer: Event = {}
    try:
        async for event in app.run(call):
            answer = event
    except DifyError:
        raise
    except SentError:
        return End.CUT
    except Exception as error:  # Dify's own catch-all; a RunError is one
        words = str(INTERNAL_ERROR["message"])
        raise refusal(500, "internal_server_error", words) from error
    await send_whole(send, 200, json.dumps(answer).encode(), b"application/json")
    return End.PROPER


async def send_stream(run: Run, receive: Receive, send: Send) -> End:
    """Answer the frames of a run as they come.

    Returns:
        how the stream ends; one that is to be cut is left open for that.

    Raises:
        DifyError: Dify answers an HTTP error in place of a stream.
    """
    watch = asyncio.create_task(_watch(receive, run))
    try:
        # The first frame, an event or a ping, is what makes Dify send its headers.
        piece = await run.next()
        if isinstance(piece, DifyError):
            raise piece
        if piece is End.CUT:
            return End.CUT
        await send({"type": "http.response.start", "status": 200, "headers": EVENT_STREAM})
        while isinstance(piece, bytes):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = await run.next()
        if piece is End.CUT:
            return End.CUT
        await send({"type": "http.response.body", "body": b""})
        return End.PROPER
    finally:
        watch.cancel()


async def _watch(receive: Receive, run: Run) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    run.abandon()
