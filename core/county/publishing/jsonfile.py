"""The catalogue as JSON: a list of records, as the fixtures, other programs and the export have it. No Django here."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from core.county.publishing.faults import FileRead
from core.domain.catalogue.documents import RECORD_TYPES, Record, kind_of

MAX_FILE_BYTES = 100 * 1024 * 1024
_list = msgspec.json.Decoder(list[msgspec.Raw])
_record: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)


class _Head(msgspec.Struct):
    """Enough of a record to say which one is broken."""

    type: str = ""
    code: str = ""
    item_code: str = ""
    uscc: str = ""
    name: str = ""
    year: int = 0


_head = msgspec.json.Decoder(_Head)


def json_read(data: bytes) -> FileRead:
    """The file's records, or all its faults; a fault's row is the record's place in the list, from 1."""
    read = FileRead()
    if len(data) > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // (1024 * 1024)
        read.faults.add("", 0, "", "file_too_large", size=len(data) // (1024 * 1024), limit=limit)
        return read
    try:
        raws = _list.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except msgspec.ValidationError:
        read.faults.add("", 0, "", "not_a_list")
        return read
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        read.faults.add("", 0, "", "not_json", reason=error)
        return read
    for number, raw in enumerate(raws, start=1):
        _one(number, raw, read)
    if not raws:
        read.faults.add("", 0, "", "nothing")
    return read


def _one(number: int, raw: msgspec.Raw, read: FileRead) -> None:
    try:
        record = _record.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        head = _head_of(raw)
        read.broken.add(head.uscc or head.item_code or head.code)
        read.faults.add(head.type, number, head.name or head.code, "record_broken", reason=error)
        return
    place = (kind_of(record), record.key)
    if place in read.places:
        read.faults.add(place[0], number, place[1], "duplicate_row", value=record.key, first=read.places[place][1])
        return
    read.places[place] = (place[0], number)
    read.records.append(record)


def _head_of(raw: msgspec.Raw) -> _Head:
    try:
        return _head.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return _Head()


def json_write(records: Sequence[Record]) -> bytes:
    """The records as a JSON list, one record a line, so that two exports can be compared line by line."""
    lines = ",\n".join(msgspec.json.encode(record).decode() for record in records)
    return f"[\n{lines}\n]\n".encode()


def kinds() -> tuple[str, ...]:
    """The kinds of record a file may hold."""
    return tuple(RECORD_TYPES)
