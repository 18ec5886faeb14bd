"""Packs what proves a bill into one ZIP archive that checks itself: documents as JSON, shown bytes, and the program of the check.

The same state gives the same bytes: nothing in the package says when, where or by whom it was made.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from core import archive
from core.archive.merkle import NO_CONTENT, ShownLine
from core.charges.law import Law
from core.charges.texts import SYMBOLS, TITLES
from core.errors import InvariantError
from core.ids import EntityId, MessageId
from core.model.bill_json import to_json
from core.model.lines import ChargeLine
from core.period import Month
from core.services.explain import AccountExplained, DifferenceExplained
from core.services.proof import ProofSource, ProvedMessage, ProvedRecord, prove
from core.services.support import support_json
from erkc.application import Application
from erkc.document_store import DocumentStore
from erkc.proof.disclosure import Disclosed, disclose
from erkc.proof.received import program as check_program
from erkc.proof.verify import FORMAT, MANIFEST, manifest_of, pack
from erkc.reprint import PDF

__all__ = ["Proof", "make_proof"]


@dataclass(frozen=True, slots=True)
class Proof:
    """A finished package."""

    data: bytes
    code: str
    """Hash of its list of members: with it the whole package is fixed."""
    source: ProofSource
    lines_shown: int
    has_pdf: bool
    program: Mapping[str, str]
    """SHA-256 of the files of the check, to be compared with those of a package from strangers."""


def make_proof(application: Application, *, account: str, month: Month, law: Law) -> Proof:
    """The package that proves the bill of an account (its number, or the bill's) for a month; errors: ``core.services.proof``."""
    packing = _Packing(law, DocumentStore(application.settings.home))
    source = prove(application.engine, account=account, month=month, clock=application.clock, using=packing.read)
    return packing.packed(source)


@dataclass(slots=True)
class _Packing:
    """A package while it is made: what is shown of each message, read in the transaction that gathers the proof."""

    law: Law
    documents: DocumentStore
    shown: dict[MessageId, Disclosed] = field(default_factory=dict)
    whole: dict[str, bytes] = field(default_factory=dict)
    """Bytes of the messages that are shown whole, by their hash."""

    def read(self, connection: Connection, source: ProofSource) -> None:
        """Look into each message once, while it can be read."""
        by_message: dict[MessageId, list[ProvedRecord]] = defaultdict(list)
        for record in source.records:
            by_message[record.stored.message_id].append(record)
        for one in source.messages:
            number = one.message.message_id
            self.shown[number] = found = self._disclosed(connection, one, by_message[number])
            if one.path is not None and one.path.content_root != found.content_root:
                raise InvariantError(
                    "PF-0201", f"Сообщение № {number} не то, что было запечатано.", hint="Выполните erkc verify.", message_id=number
                )

    def _disclosed(self, connection: Connection, one: ProvedMessage, records: list[ProvedRecord]) -> Disclosed:
        if one.message.dropped_at is not None:
            return Disclosed("none", NO_CONTENT if one.path is None else one.path.content_root)
        with archive.open_stream(connection, one.message.message_id) as stream:
            found = disclose(one, stream, records)
            if found.shown == "whole":
                stream.seek(0)
                self.whole[one.message.sha256.hex()] = stream.read()
            return found

    def packed(self, source: ProofSource) -> Proof:
        """The package as bytes."""
        pdf = _printed(source, self.documents)
        program = check_program()
        documents = {
            "package.json": self._package(source, pdf),
            "lines.json": {"accounts": [_account(one) for one in source.accounts]},
            "records.json": {str(record.stored.record_id): self._record(source, record) for record in source.records},
            "messages.json": [self._message(one) for one in source.messages],
            "seals.json": _seals(source),
            "law.json": _law(self.law),
            "rules.json": _rules(source),
        }
        members = {
            **program,
            "README.txt": _readme(source).encode(),
            "bill.json": to_json(source.bill.content),
            **({} if pdf is None else {"bill.pdf": pdf}),
            **{name: _text(value) for name, value in documents.items()},
            **{f"messages/{digest}.bin": data for digest, data in sorted(self.whole.items())},
        }
        manifest = manifest_of(members)
        hashes = {name: sha256(data).hexdigest() for name, data in program.items()}
        lines = sum(len(found.lines) for found in self.shown.values())
        return Proof(pack({**members, MANIFEST: manifest}), sha256(manifest).hexdigest(), source, lines, pdf is not None, hashes)

    def _package(self, source: ProofSource, pdf: bytes | None) -> dict[str, object]:
        bill = source.bill
        if sha256(to_json(bill.content)).digest() != bill.content_sha256:
            raise InvariantError("PF-0202", f"Содержание счёта № {bill.number} не то, что было выпущено.", hint="Выполните erkc verify.")
        return {
            "format": FORMAT,
            "month": str(bill.month),
            "bill": bill.number,
            "version": bill.version,
            "bill_sha256": bill.content_sha256.hex(),
            "pdf_sha256": None if pdf is None else sha256(pdf).hexdigest(),
            "provider": {"name": source.provider.name, "inn": source.provider.inn},
            "accounts": [one.account.number for one in source.accounts],
        }

    def _record(self, source: ProofSource, record: ProvedRecord) -> dict[str, object]:
        stored, message = record.stored, self.shown[record.stored.message_id]
        place = message.places.get(stored.record_id)
        (sha,) = (one.message.sha256.hex() for one in source.messages if one.message.message_id == stored.message_id)
        return {
            "kind": stored.body.kind_name,
            "key": stored.key if record.is_shown else None,
            "message": sha,
            "file": stored.position.file,
            "row": stored.position.row,
            "lines": None if place is None else [place.file, place.first, place.count],
            "valid_from": stored.valid_from,
            "valid_to": stored.valid_to,
            "state": stored.state,
            "body": _fields(stored.body) if record.is_shown else None,
        }

    def _message(self, one: ProvedMessage) -> dict[str, object]:
        message, found = one.message, self.shown[one.message.message_id]
        path = one.path
        return {
            "name": message.name,
            "sha256": message.sha256.hex(),
            "size": message.size_bytes,
            "direction": message.direction,
            "channel": message.channel,
            "received_at": message.received_at,
            "dropped": message.drop_basis,
            "shown": found.shown,
            "content_root": found.content_root.hex(),
            "lines": [_line(line) for line in found.lines],
            "seal": None if path is None else {"day": path.seal.day, "place": path.place, "siblings": _hex(path.siblings)},
        }


def _account(one: AccountExplained) -> dict[str, object]:
    """The lines of an account, those by the law beside the sender's, and the corrections of closed months."""
    calculation = one.calculation
    services = {item.line.service_id: item.service for item in one.lines}
    creditors = {item.line.creditor_id: item.creditor for item in one.lines}
    lawful = (item.lawful_line for item in one.lines if item.lawful_line is not None)
    return {
        "number": one.account.number,
        "account_id": one.account.account_id,
        "calculation": {
            "version": calculation.version,
            "mode": one.mode,
            "rules": calculation.rules,
            "code_version": calculation.code_version,
            "known_until": calculation.known_until,
        },
        "lines": [_charge(item.line, services, creditors) for item in one.lines],
        "lawful": [_charge(line, services, creditors) for line in lawful],
        "differences": [_difference(item) for item in one.differences],
        "support": support_json(one.support),
    }


def _charge(line: ChargeLine, services: Mapping[EntityId, str], creditors: Mapping[EntityId, str]) -> dict[str, object]:
    shown = {item.name: getattr(line, item.name) for item in dataclasses.fields(line)}
    named = {"service": services.get(line.service_id, ""), "creditor": creditors.get(line.creditor_id, ""), "total": line.total}
    return {**shown, **named, "inputs": dict(line.inputs), "sources": list(line.sources)}


def _difference(item: DifferenceExplained) -> dict[str, object]:
    row = item.row
    names = ({row.service_id: item.service}, {row.creditor_id: item.creditor})
    return {
        "month": str(row.month),
        "cause": row.cause,
        "cause_title": item.cause,
        "service_id": row.service_id,
        "service": item.service,
        "creditor_id": row.creditor_id,
        "creditor": item.creditor,
        **{name: getattr(row, name) for name in ("base", "surcharge", "recalculation", "underdelivery", "benefit", "volume_e6", "total")},
        "blocked": row.blocked_by is not None,
        "records": list(row.records),
        "before": None if row.before is None else _charge(row.before, *names),
        "after": None if row.after is None else _charge(row.after, *names),
    }


def _line(line: ShownLine) -> dict[str, object]:
    return {
        "file": line.file,
        "file_place": line.file_place,
        "files": line.files,
        "place": line.place,
        "lines": line.lines,
        "salt": line.salt.hex(),
        "data": base64.b64encode(line.data).decode("ascii"),
        "siblings": _hex(line.siblings),
        "lines_root": line.lines_root.hex(),
        "file_siblings": _hex(line.file_siblings),
    }


def _seals(source: ProofSource) -> dict[str, object]:
    previous = source.seals[0].previous_chain if source.seals else bytes(32)
    days = [{"day": seal.day, "count": seal.count, "root": seal.root.hex(), "chain": seal.chain.hex()} for seal in source.seals]
    return {"previous_chain": previous.hex(), "days": days}


def _law(law: Law) -> dict[str, object]:
    """Every parameter of charges through time, each value with its act."""
    return {
        name: {
            "meaning": parameter.meaning,
            "clause": parameter.clause,
            "unit": parameter.unit,
            "values": [{"from": one.first, "to": one.last, "value": one.value, "act": one.act} for one in parameter.values],
        }
        for name, parameter in sorted(law.parameters.items())
        if law.is_of_charges(name)
    }


def _rules(source: ProofSource) -> dict[str, object]:
    """The clauses of the lines as people read them, and how their amounts are rounded."""
    used = sorted({row["clause"] for row in _rows_of(source)})
    symbols = sorted({symbol for row in _rows_of(source) for symbol in row["values"]})
    return {
        "versions": sorted({line.rules for one in source.accounts for line in _lines_of(one)}),
        "clauses": {name: {"title": TITLES[name], "function": f"clauses.py: {name}"} for name in used},
        "symbols": {name: {"sign": SYMBOLS[name].sign, "meaning": SYMBOLS[name].meaning} for name in symbols},
        "rounding": [
            "Суммы одной группы (тариф и дни) складываются точно и округляются до копейки один раз, половина — от нуля.",
            "Группы складываются после округления; превышение — округлённая плата с коэффициентом без округлённой платы.",
            "Итог строки = начислено + превышение + перерасчёт − снижение − льгота.",
            "Объём показан с шестью знаками; в расчёте он точный.",
        ],
    }


def _lines_of(one: AccountExplained) -> Iterator[ChargeLine]:
    for item in one.lines:
        yield item.line
        if item.lawful_line is not None:
            yield item.lawful_line
    for difference in one.differences:
        yield from (line for line in (difference.row.before, difference.row.after) if line is not None)


def _rows_of(source: ProofSource) -> Iterator[dict[str, Any]]:
    """Rows of all lines, as the engine wrote them."""
    for line in (line for one in source.accounts for line in _lines_of(one)):
        for part, groups in line.inputs.items():
            if part not in ("month", "total", "parts") and isinstance(groups, list):
                yield from (row for group in groups for row in group)


def _printed(source: ProofSource, documents: DocumentStore) -> bytes | None:
    """The PDF as the payer was given it; None when it was not printed, or its file is not kept here."""
    first = next((file for file in source.files if file.media == PDF), None)
    return None if first is None else documents.find(first.sha256)


def _fields(body: object) -> dict[str, object]:
    assert dataclasses.is_dataclass(body)
    return {item.name: getattr(body, item.name) for item in dataclasses.fields(body)}


def _hex(values: Iterable[bytes]) -> list[str]:
    return [value.hex() for value in values]


def _text(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, default=_plain).encode() + b"\n"


def _plain(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    raise TypeError(f"no JSON of {type(value).__name__}")


def _readme(source: ProofSource) -> str:
    bill = source.bill
    return f"""Пакет доказательств единого платёжного документа № {bill.number} за {bill.month.title}.

Проверка (нужен только Python 3.11 или новее, без сети и без программы ЕРКЦ):

    python -I ПАКЕТ.zip                       прямо из архива
    python -I verify.py                       из папки, в которую он распакован
    python -I ПАКЕТ.zip --bill КОД            сверить с контрольным кодом бумажного счёта
    python -I ПАКЕТ.zip --root ПЕЧАТЬ         сверить с печатью дня, которая есть у вас
    python -I ПАКЕТ.zip --package КОД         сверить с кодом пакета, который назвал центр
    python -I ПАКЕТ.zip --rows                показать строки сообщений, из которых взяты числа

Проверка исполняет код из пакета, а изменённая программа не может сама сказать о себе правду. Поэтому сначала сравните SHA-256 файлов
__main__.py, verify.py, clauses.py и merkle.py с теми, что названы в сопроводительном письме центра (не в самом пакете):

    sha256sum *.py            Linux; macOS: shasum -a 256 *.py; Windows: certutil -hashfile verify.py SHA256

Где установлена программа ЕРКЦ, проверяет она сама, своим кодом: erkc proof verify ПАКЕТ.zip.

Что внутри
  bill.json, bill.pdf   содержание счёта, его хеш напечатан на счёте; PDF
  lines.json            строки начислений: правило, точные числа, источники; перерасчёты закрытых месяцев
  records.json          записи, из которых взяты числа; записи о других лицах названы, но не показаны
  rules.json, law.json  правила словами, параметры закона с пунктом, актом и сроком действия
  clauses.py            те же формулы закона, которыми считает центр
  messages.json         сообщения: хеш, показанные строки с путём в дереве Меркла, место в печати дня
  messages/             сообщения, показанные целиком (настройки региона: тарифы и нормативы)
  seals.json, merkle.py печати дней и правила деревьев

Что доказано: каждая сумма строк следует из чисел по формулам закона; счёт составлен из этих строк; показанные строки стоят в сообщениях,
а сообщения — в запечатанных днях, если печать дня есть у вас.
Что не доказано: что отправитель написал правду; что числа строки прочитаны из неё верно (строка показана, сравните глазами); суммы по
дому в целом, составленные из данных других лиц; долги, оплаты и пени (проверена только арифметика счёта).
"""
