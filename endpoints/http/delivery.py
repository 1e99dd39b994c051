"""From a parsed request to a call with everything in its place: form fields, files, uploads."""

from dataclasses import replace

from endpoints.http.body import FILES, RunBody
from endpoints.http.describe import describe
from endpoints.http.exchange import Exchange
from endpoints.http.form_inputs import fill_in
from provider.app_form import FieldKind, read_app_form
from provider.call import Call
from provider.top_level_files import place
from provider.uploads import upload_all
from provider.ways import Way


def deliver(exchange: Exchange, way: Way, call: Call, body: RunBody) -> Call:
    """Put form fields and files where the app's own form says they belong.

    Whatever can be refused is refused before anything is uploaded.

    Args:
        exchange: the request.
        way: how the app is reached.
        call: what the rest of the request asks for.
        body: the request's body.

    Raises:
        ProxyError: a field or a file can't be delivered, or an upload failed.
    """
    if not body.fields and (not call.files or way.takes_files):
        return call
    form = read_app_form(describe(exchange, way, call.app).parameters)
    filled = fill_in(body.fields, form, call.inputs)
    inputs = call.inputs | filled.values
    top_level = len(call.files) + len(filled.files.get(FILES, ()))
    if top_level and not way.takes_files:
        # with stand-ins, to see whether there is a place before anything is uploaded
        taken = {name: files for name, files in filled.files.items() if name != FILES}
        place([{}] * top_level, inputs | taken, form)
    uploaded = upload_all(filled.files, form, way, call.user, exchange.check_goes_on)
    files = (*call.files, *uploaded.pop(FILES, ()))
    for name, objects in uploaded.items():
        is_list = form.fields[name].kind is FieldKind.FILE_LIST
        inputs[name] = objects if is_list else objects[0]
    if files and not way.takes_files:
        return replace(call, inputs=place(files, inputs, form), files=())
    return replace(call, inputs=inputs, files=files)
