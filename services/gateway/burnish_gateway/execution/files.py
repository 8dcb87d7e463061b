"""Files of a call, checked before anything is held: a PDF, a text, an address of a document. Pure."""

from typing import Any, Final

from burnish_gateway.execution.unsupported import Unsupported
from burnish_shared.errors import InvalidField
from burnish_shared.files import ADDRESS, HEAD, PDF, bytes_of, is_file, media_type_of
from burnish_shared.omitted import told_of_omitted

HOLDS: Final = ("file_data", "file_url", "content")
"""Exactly one of them says what the file is."""

MAY_SHOW_FILES: Final = frozenset({"user", "tool"})

PDF_BEGINS: Final = b"%PDF-"
PDF_BEGINS_WITHIN_BYTES: Final = 1024
"""Readers take a PDF whose head stands in its first 1,024 bytes (ISO 32000-1, annex H.3, note 13)."""


def no_file_id(param: str) -> Unsupported:
    return Unsupported(
        f"{param}: a file uploaded to a provider belongs to the key it was uploaded with, and a call here does not choose its key; "
        "send the file itself, as base64.",
        param=param,
    )


def check_file(file: dict[str, Any], *, param: str) -> None:
    """Raises Unsupported for what is not offered, InvalidField for what is no such file; the message says what to send."""
    if file.get("file_id") is not None:
        raise no_file_id(f"{param}.file_id")
    given = [name for name in HOLDS if file.get(name) is not None]
    if len(given) != 1:
        raise InvalidField(f"{param}: needs file_data, {_data_form()}; or file_url, but not both.", param=param)
    for name in ("filename", "context"):
        if not isinstance(file.get(name), str | None):
            raise InvalidField(f"{param}.{name}: must be text.", param=f"{param}.{name}")
    wanted = file.get("citations")
    if wanted is not None and not (isinstance(wanted, dict) and isinstance(wanted.get("enabled"), bool)):
        raise InvalidField(f'{param}.citations: must be {{"enabled": true}} or {{"enabled": false}}.', param=f"{param}.citations")
    check_held(file, given[0], param=f"{param}.{given[0]}")


def misplaced(what: str, *, param: str) -> InvalidField:
    article = "an" if what == "image" else "a"
    return InvalidField(f"{param}: {article} {what} stands in a message of the user, or in the result of a tool.", param=param)


def check_place_of_files(role: str, content: list[Any], *, param: str) -> None:
    """Providers take files from users and tools alone."""
    if role not in MAY_SHOW_FILES and (at := next((at for at, part in enumerate(content) if is_file(part)), None)) is not None:
        raise misplaced("file", param=f"{param}[{at}]")


def check_place_of_shown(role: str, content: list[Any], *, param: str) -> None:
    """The same of images, in formats whose providers take them from those alone."""
    check_place_of_files(role, content, param=param)
    shows = (at for at, part in enumerate(content) if isinstance(part, dict) and part.get("type") == "image_url")
    if role not in MAY_SHOW_FILES and (at := next(shows, None)) is not None:
        raise misplaced("image", param=f"{param}[{at}]")


def check_held(file: dict[str, Any], name: str, *, param: str) -> None:
    """What stands in this field of a file. `param`: what the caller calls it."""
    value = file[name]
    if name == "content":
        if not isinstance(value, list) or not value:
            raise InvalidField(f"{param}: must be a list of parts, one at least.", param=param)
    elif not isinstance(value, str):
        raise InvalidField(f"{param}: must be text.", param=param)
    elif name == "file_url":
        if ADDRESS.fullmatch(value) is None:
            raise InvalidField(f"{param}: must be an http or https address.", param=param)
    else:
        _check_data(file, value, param=param)


def _check_data(file: dict[str, Any], value: str, *, param: str) -> None:
    check_kept(value, file.get("filename"), param=param)
    if HEAD.match(value) is None:
        said = value[5:].partition(",")[0].partition(";")[0][:100] if value[:5].lower() == "data:" else ""
        if said and ";base64," in value[:200].lower():
            offered = "a PDF (application/pdf) or a text (text/plain, text/csv, …)"
            raise Unsupported(f"{param}: {said!r} is not offered; send {offered}.", param=param)
        raise InvalidField(f"{param}: must be {_data_form()}.", param=param)
    raw = bytes_of(file)
    if not raw:
        raise InvalidField(f"{param}: {'holds nothing' if raw == b'' else 'is no base64'} behind its comma.", param=param)
    if media_type_of(file) == PDF and PDF_BEGINS not in raw[:PDF_BEGINS_WITHIN_BYTES]:
        raise InvalidField(f"{param}: is no PDF; one begins with %PDF-.", param=param)


def check_kept(value: str, name: str | None, *, param: str) -> None:
    """Raises InvalidField for a name that the books gave a file in place of its bytes, as where an execution is run again."""
    if (told := told_of_omitted(value, name)) is not None:
        raise InvalidField(f"{param}: {told}", param=param)


def _data_form() -> str:
    return "data:application/pdf;base64,… or data:text/plain;base64,…"
