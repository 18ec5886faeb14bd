"""The conformance suite as a function: whether a message is read as the adapter contract promises. The build runs it over every adapter
and its samples, ``erkc adapters certify`` over the files and the adapter of whoever asks.

Each check answers with what is wrong, a Russian sentence each, or nothing. Damaged copies are made with a fixed seed, so a failure repeats.
"""

from __future__ import annotations

import io
import random
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import count

from adapters.contract import Parsed, Parser, RawMessage
from core.errors import ConfigError, InputError
from core.model.finding import Finding
from core.model.records import BODIES, Record

__all__ = [
    "CHECKS",
    "Certificate",
    "Check",
    "adapter_named",
    "certify",
    "complete",
    "damaged",
    "damaged_copy",
    "deterministic",
    "identified",
]

CHECKS = {
    "identified": "узнаётся одним адаптером, остальные отказываются",
    "complete": "записи и замечания полны, ключи не повторяются, итог один и последний",
    "deterministic": "читается одинаково каждый раз",
    "pure": "чтение не открывает ни сети, ни программ",
    "damaged": "повреждённые копии дают замечания или отказ, а не сбой",
}
"""What is checked, in order."""
COPIES = 60
"""Damaged copies of a message."""
_FEWEST_COPIES = 5
_FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.posix_spawn", "os.exec")
_watched: list[list[str]] = []
"""Lists of who watches now what the interpreter does."""

Said = list[Record | Finding | Parsed]


@dataclass(frozen=True, slots=True)
class Check:
    """One promise and what breaks it."""

    name: str
    faults: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was found of one message."""

    file: str
    adapter: str
    """Empty: no adapter takes it."""
    reason: str
    checks: tuple[Check, ...]
    status: str = ""
    records: int = 0
    findings: tuple[Finding, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every promise is kept; errors in the data break none."""
        return bool(self.adapter) and not any(one.faults for one in self.checks)

    @property
    def is_clean(self) -> bool:
        """Whether the data has no errors either."""
        return self.status == "accepted" and not any(one.severity == "error" for one in self.findings)


def adapter_named(name: str, parsers: Mapping[str, Parser]) -> Parser:
    """A registered adapter, or ``package.module:Class`` of somebody else; ``ConfigError`` IN-0103, IN-0118 when there is none."""
    if name in parsers:
        return parsers[name]
    module, colon, attribute = name.partition(":")
    if not colon:
        raise ConfigError("IN-0103", f"Нет адаптера «{name}».", hint=f"Есть: {', '.join(parsers)}; свой: пакет.модуль:Класс.")
    try:
        found = getattr(import_module(module), attribute)()
    except Exception as error:  # whatever somebody else's code raises while it is loaded is said in one sentence
        raise ConfigError(
            "IN-0118",
            f"Адаптер «{name}» не загружается: {_crash(error)}.",
            hint="Нужно: пакет.модуль:Класс без аргументов.",
        ) from error
    if not isinstance(found, Parser):
        raise ConfigError("IN-0118", f"У «{name}» нет name, identify и parse.", hint="Договор адаптера: docs/adapters.md.")
    return found


def certify(message: RawMessage, parsers: Mapping[str, Parser], *, own: Parser | None = None, seconds: float = 20.0) -> Certificate:
    """Run all checks over one message; ``own`` is the adapter that must take it. Damaged copies are made for so many seconds at most."""
    named = own or next((one for one in parsers.values() if one.identify(message).accepted), None)
    if named is None:
        told = "; ".join(f"{name}: {parser.identify(message).reason}" for name, parser in parsers.items())
        return Certificate(message.name, "", told, (Check("identified", ("Ни один адаптер не берёт файл.",)),))
    checks = [Check("identified", tuple(identified(named, message, parsers)))]
    reason = named.identify(message).reason
    try:
        with _watching() as opened:
            said = list(named.parse(message, {}))
    except InputError as error:
        checks.append(Check("complete", note=f"отказано целиком: {error.code}"))
        return Certificate(message.name, named.name, f"{reason}; {error.message}", tuple(checks), status="rejected")
    except Exception as error:  # noqa: BLE001 - a crash of the adapter under test is a result of the test
        checks.append(Check("complete", (f"Сбой при чтении: {_crash(error)}",)))
        return Certificate(message.name, named.name, reason, tuple(checks))
    checks.append(Check("complete", tuple(complete(said))))
    checks.append(Check("deterministic", tuple(deterministic(named, message, said))))
    checks.append(Check("pure", tuple(f"При чтении: {event}." for event in sorted(set(opened)))))
    copies = Counter[str]()
    faults = tuple(damaged(named, message, seed=named.name, done=copies, seconds=seconds))
    checks.append(Check("damaged", faults, f"копий {copies.total()}, отказано {copies['refused']}, прочитано {copies['read']}"))
    ends = [one for one in said if isinstance(one, Parsed)]
    return Certificate(
        message.name,
        named.name,
        reason,
        tuple(checks),
        ends[-1].status if ends else "",
        sum(isinstance(one, Record) for one in said),
        tuple(one for one in said if isinstance(one, Finding)),
    )


def identified(own: Parser, message: RawMessage, parsers: Mapping[str, Parser]) -> Iterator[str]:
    """Its own adapter takes a message with a reason, the others refuse it with one."""
    for name, parser in {**parsers, own.name: own}.items():
        verdict = parser.identify(message)
        if verdict.accepted is not (name == own.name):
            yield f"Адаптер {name}: {'берёт чужое' if verdict.accepted else 'не берёт своё'} ({verdict.reason})."
        if not verdict.reason:
            yield f"Адаптер {name} не говорит почему."


def complete(said: Said) -> Iterator[str]:
    """One ``Parsed``, last; records of known kinds with unique keys; findings for people; suspended money is among the records."""
    ends = [one for one in said if isinstance(one, Parsed)]
    if len(ends) != 1 or said[-1] is not ends[0]:
        yield f"Итог (Parsed) должен быть один и последний, а их {len(ends)}."
    records = [one for one in said if isinstance(one, Record)]
    for record in records:
        if type(record.body) not in BODIES or not record.key or not record.position.file:
            yield f"Запись {type(record.body).__name__} «{record.key}»: неизвестный вид, нет ключа или места."
    for (kind, key), times in Counter((type(one.body).__name__, one.key) for one in records).items():
        if times > 1:
            yield f"Ключ {kind} «{key}» назван {times} раза."
    for found in (one for one in said if isinstance(one, Finding)):
        if not (found.code and found.effect and found.message and found.hint):
            yield f"Замечание {found.code or 'без кода'}: нет кода, последствия, описания или подсказки."
    if ends and not set(ends[0].suspended) <= {one.key for one in records}:
        yield "Отложенные деньги названы, а записей о них нет."
    if ends and ends[0].status == "rejected" and records:
        yield "Сообщение отвергнуто, а записи даны."


def deterministic(own: Parser, message: RawMessage, said: Said) -> Iterator[str]:
    """The same bytes say the same again."""
    again = list(own.parse(message, {}))
    if again != said:
        at = next((n for n, (one, two) in enumerate(zip(said, again, strict=False)) if one != two), min(len(said), len(again)))
        yield f"Второе чтение отличается с {at + 1}-го сообщения."


def damaged(
    own: Parser, message: RawMessage, *, seed: str, copies: int = COPIES, done: Counter[str] | None = None, seconds: float | None = None
) -> Iterator[str]:
    """Copies that a bad wire or a careless person could make give findings or ``InputError``, and no records of a refused message."""
    chance, began = random.Random(seed), time.monotonic()
    told = Counter[str]() if done is None else done
    for n in count(1):
        if n > copies or (seconds is not None and n > _FEWEST_COPIES and time.monotonic() - began > seconds):
            return
        if not message.data:
            return
        copy = RawMessage(message.name, damaged_copy(message.data, chance, inside=n % 2 == 1))
        try:
            own.identify(copy)
            said = list(own.parse(copy, {}))
        except InputError as error:
            told["refused"] += 1
            if not (error.code and error.message and error.hint):
                yield f"Копия {n}: отказ без кода, описания или подсказки."
            continue
        except Exception as error:  # noqa: BLE001 - a crash of the adapter under test is a result of the test
            told["crashed"] += 1
            yield f"Копия {n}: сбой {_crash(error)}"
            continue
        told["read"] += 1
        if not said or not isinstance(said[-1], Parsed):
            yield f"Копия {n}: нет итога (Parsed)."
        elif said[-1].status == "rejected" and any(isinstance(one, Record) for one in said):
            yield f"Копия {n}: отвергнута, а записи даны."


def damaged_copy(data: bytes, chance: random.Random, *, inside: bool) -> bytes:
    """The bytes cut, flipped, shortened or stuffed; ``inside``: in one of the files of a ZIP, so that its checksums do not give it away."""
    return _changed_inside(data, chance) if inside else _changed(data, chance)


def _changed(data: bytes, chance: random.Random) -> bytes:
    kind, at = chance.randrange(4), chance.randrange(len(data))
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]
    if kind == 2:
        return data[:at] + data[at + chance.randrange(1, 40) :]
    return data[:at] + bytes(chance.randrange(256) for _ in range(chance.randrange(1, 9))) + data[at:]


def _changed_inside(data: bytes, chance: random.Random) -> bytes:
    if not data.startswith(b"PK\x03\x04"):
        return _changed(data, chance)
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        names = [info for info in archive.infolist() if info.file_size]
        victim = chance.choice(names) if names else None
        for info in archive.infolist():
            content = archive.read(info)
            out.writestr(info.filename, _changed(content, chance) if info is victim else content)
    return packed.getvalue()


def _crash(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


@contextmanager
def _watching() -> Iterator[list[str]]:
    """What the interpreter is asked for meanwhile that a pure function never asks for."""
    _hook()
    seen: list[str] = []
    _watched.append(seen)
    try:
        yield seen
    finally:
        _watched.remove(seen)


@cache
def _hook() -> None:
    """A hook can not be taken away again: one for all time, which does nothing while nobody watches."""

    def heard(event: str, _: tuple[object, ...]) -> None:
        if _watched and event.startswith(_FORBIDDEN):
            for seen in _watched:
                seen.append(event)

    sys.addaudithook(heard)
