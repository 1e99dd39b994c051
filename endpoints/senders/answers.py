"""What a sender gets for a delivery."""

from enum import StrEnum
from typing import Any

from werkzeug import Request, Response

from endpoints.http.encoding import encode_json
from endpoints.http.errors import AppError, DifyRefusal, InvalidParam, ProxyError
from endpoints.http.exchange import Exchange
from endpoints.http.negotiation import Format, choose_format
from endpoints.http.renderers import renderer_of
from endpoints.http.run import Run, caller_left, wanted_events
from endpoints.http.whole_answer import whole_answer
from endpoints.senders.handshakes import TEXT
from endpoints.senders.sender import Answer

MAX_DISCORD_CHARACTERS = 2000
"""Of a message (Discord, "Create Message")."""

_CHANNEL_MESSAGE_WITH_SOURCE = 4
"""Type of an answer that shows a message (Discord, "Interaction Callback Type")."""

_TOO_MANY_REQUESTS = 429


class Output(StrEnum):
    """What `?output=` asks for."""

    TEXT = "text"
    OUTPUTS = "outputs"
    FULL = "full"


def wanted_output(request: Request) -> Output | None:
    """What the URL that the sender was given asks for.

    Raises:
        InvalidParam: it asks for something that there is not.
    """
    given = request.args.get("output", "")
    try:
        return Output(given) if given else None
    except ValueError:
        raise InvalidParam(f"`output` has to be one of {', '.join(Output)}.") from None


def acknowledged(reason: str) -> Response:
    """A delivery that is not run: `skipped` or `duplicate`."""
    return Response(encode_json({reason: True}), content_type="application/json")


def answer_run(run: Run, exchange: Exchange, manner: Answer, output: Output | None) -> Response:
    """Answer a delivery with its run.

    Args:
        run: the run.
        exchange: the request.
        manner: what the sender makes of the answer.
        output: what the URL asks for.

    Raises:
        ProxyError: the run failed before there was an answer.
    """
    if output is None and manner is Answer.BY_ACCEPT:
        format_ = choose_format(exchange.request.headers.get("Accept", ""), None)
        if format_ is not Format.JSON:
            return run.stream(renderer_of(format_, wanted_events(exchange.request)))
    result = run.result()
    if result is None:
        return caller_left()
    raise_if_failed(result)
    if manner is Answer.EMPTY:
        return Response(b"", content_type=TEXT)
    if manner is Answer.INTERACTION and output is None:
        return Response(encode_json(interaction(text_of(result))), content_type="application/json")
    value = selected(result, output or Output.FULL)
    if isinstance(value, str):
        return whole_answer(value.encode("utf-8", "replace"), exchange, TEXT)
    return whole_answer(encode_json(value), exchange)


def selected(result: dict[str, Any], output: Output) -> Any:
    """The part of a blocking answer that was asked for; the text is a string."""
    match output:
        case Output.TEXT:
            return text_of(result)
        case Output.OUTPUTS:
            return _outputs(result)
        case Output.FULL:
            return result


def text_of(result: dict[str, Any]) -> str:
    """The answer of a chat; a workflow's only output if it is a text, else its outputs as JSON."""
    if "answer" in result:
        return str(result["answer"])
    outputs = _outputs(result)
    if isinstance(outputs, dict) and len(outputs) == 1:
        (only,) = outputs.values()
        if isinstance(only, str):
            return only
    return encode_json(outputs).decode()


def _outputs(result: dict[str, Any]) -> Any:
    if "answer" in result:
        return {"answer": result["answer"]}
    data = result.get("data")
    return data.get("outputs") if isinstance(data, dict) else None


def interaction(text: str) -> dict[str, Any]:
    """The answer to a command of Discord. What a model writes must not notify anybody."""
    content = (
        text if len(text) <= MAX_DISCORD_CHARACTERS else text[: MAX_DISCORD_CHARACTERS - 1] + "…"
    )
    data = {"content": content, "allowed_mentions": {"parse": []}}
    return {"type": _CHANNEL_MESSAGE_WITH_SOURCE, "data": data}


def raise_if_failed(result: dict[str, Any]) -> None:
    """A workflow that failed is a failed delivery: a sender looks at the status alone.

    Raises:
        AppError: it failed.
    """
    data = result.get("data")
    if isinstance(data, dict) and data.get("status") == "failed":
        raise AppError("The workflow failed. Its log in Dify says why.")


def as_delivery_failure(error: ProxyError) -> ProxyError:
    """A run's error as a sender is to understand it.

    Dify's refusals (4xx) are about the app and what the administrator mapped. A sender would take
    one for a word about its delivery, and some then stop sending; so it is a 502 like any other
    failure of the app. That there were too many requests stays what it is.
    """
    if isinstance(error, DifyRefusal) and error.status != _TOO_MANY_REQUESTS:
        return AppError(f"The app refused the delivery: {error.message}")
    return error
