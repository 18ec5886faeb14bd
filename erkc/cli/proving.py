"""``erkc proof``: what proves a bill, as one file that an auditor checks off line; ``erkc proof verify``: the check, by this program."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from core.errors import ConfigError
from erkc.cli.options import Json, MonthArgument, law, month_of, opened
from erkc.cli.screen import Screen
from erkc.proof.letter import letter
from erkc.proof.package import Proof, make_proof
from erkc.proof.received import check_received
from erkc.proof.verify import Anchors, reported

__all__ = ["register"]


_MAKE = "make"


class _MakeUnlessNamed(TyperGroup):
    """``erkc proof СЧЁТ ГГГГ-ММ`` makes a package; only another command's name means something else."""

    usual = _MAKE

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the usual command in front where none is named."""
        named = bool(args) and (args[0] in self.commands or args[0] == "--help")
        return super().parse_args(ctx, args if named or not args else [_MAKE, *args])


_room = typer.Typer(cls=_MakeUnlessNamed, no_args_is_help=True, help="Пакет доказательств счёта: собрать и проверить.")


def register(application: typer.Typer) -> None:
    """Add the commands to the command line."""
    application.add_typer(_room, name="proof")


@_room.command(_MAKE)
def proof(
    account: Annotated[str, typer.Argument(metavar="СЧЁТ", help="Лицевой счёт или номер счёта на оплату.")],
    month_text: MonthArgument,
    out: Annotated[Path, typer.Option("--out", metavar="ФАЙЛ.zip", help="Куда записать пакет.")],
    letter_file: Annotated[Path | None, typer.Option("--letter", metavar="ПИСЬМО.txt", help="И сопроводительное письмо с хешами.")] = None,
    as_json: Json = False,
) -> None:
    """Собрать пакет доказательств счёта: его проверяют без сети и без этой программы, командой python -I ФАЙЛ.zip.

    Слово make можно не писать: erkc proof СЧЁТ ГГГГ-ММ --out ФАЙЛ.zip.

    В пакете счёт, строки с числами и источниками, тексты правил, строки сообщений только этого плательщика с путём до печати архива и
    программа проверки. Дни архива, которые пора запечатать, печатаются.
    """
    month = month_of(month_text)
    with opened(as_json) as (application, screen):
        made = make_proof(application, account=account, month=month, law=law())
        _write(out, made.data)
        if letter_file is not None:
            _write(letter_file, letter(made, out.name).encode())
        _show(screen, out, made)
        screen.document(_document(out, made))


@_room.command("verify")
def proof_verify(
    place: Annotated[Path, typer.Argument(metavar="ПАКЕТ.zip", help="Пакет или папка, в которую он распакован.")],
    root: Annotated[str, typer.Option("--root", metavar="ПЕЧАТЬ", help="Печать дня, которую вы храните сами (64 знака).")] = "",
    bill: Annotated[str, typer.Option("--bill", metavar="КОД", help="Контрольный код с бумажного счёта.")] = "",
    package: Annotated[str, typer.Option("--package", metavar="КОД", help="Код пакета из сопроводительного письма.")] = "",
    trust_program: Annotated[
        bool, typer.Option("--trust-program", help="Пакет другой версии: хеши его программы сверены, исполнять её формулы.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Проверить пакет доказательств кодом этой программы; код пакета исполняется, только если он от этой же версии. База не нужна.

    Код 0 — всё сошлось, 1 — пакет отвергнут.
    """
    screen = Screen(as_json=as_json)
    found = check_received(place, Anchors(root=root, bill=bill, package=package), trust_program=trust_program)
    screen.say(reported(found.report))
    screen.document(
        {
            "ok": found.report.is_good,
            "checks": [{"kind": kind, "text": text} for kind, text in found.report.told],
            "foreign_program": list(found.foreign),
        }
    )
    if not found.report.is_good:
        raise typer.Exit(1)


def _write(out: Path, data: bytes) -> None:
    """A whole file or none."""
    part = out.with_name(f".{out.name}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(out)
    except OSError as error:
        raise ConfigError("CLI-0202", f"Файл {out} не записывается: {error.strerror}.", hint="Проверьте путь и права.") from error


def _show(screen: Screen, out: Path, made: Proof) -> None:
    bill = made.source.bill
    screen.heading(f"{out}: счёт № {bill.number} за {bill.month.title}, {len(made.data)} байт")
    hidden = sum(1 for record in made.source.records if not record.is_shown)
    screen.say(
        f"  записей {len(made.source.records)}, строк сообщений {made.lines_shown}"
        + (f", не показано чужих записей {hidden}" if hidden else "")
    )
    screen.say(f"  код пакета        {made.code}")
    screen.say(f"  контрольный код   {bill.content_sha256.hex()[:16]}")
    if made.source.seals:
        last = made.source.seals[-1]
        screen.say(f"  печать {last.day:%d.%m.%Y} {last.chain.hex()}")
    if made.source.sealed_now:
        screen.say(f"  запечатано дней архива: {made.source.sealed_now}")
    if not made.has_pdf:
        screen.say("  PDF в пакет не вошёл: счёт не печатался или его файла здесь нет (erkc issue print)")
    for message in made.source.unsealed:
        screen.say(
            f"  ещё не запечатано: {message.name}, получено {message.received_at:%d.%m.%Y}; день печатается, когда кончится (по UTC)"
        )
    if made.source.unsealed:
        screen.say("  Соберите пакет ещё раз на следующий день: тогда его можно будет сверить с печатью.")
    for name, value in made.program.items():
        screen.say(f"  SHA-256 {name:<12} {value}")
    screen.say("  Хеши программы проверки и код пакета сообщите получателю отдельно от пакета (--letter пишет письмо).")
    screen.say(f"Проверить: python -I {out} --bill {bill.content_sha256.hex()[:16]}")


def _document(out: Path, made: Proof) -> dict[str, object]:
    bill, source = made.source.bill, made.source
    return {
        "file": str(out),
        "size": len(made.data),
        "package": made.code,
        "bill": bill.number,
        "bill_sha256": bill.content_sha256.hex(),
        "control_code": bill.content_sha256.hex()[:16],
        "month": str(bill.month),
        "accounts": [one.account.number for one in source.accounts],
        "lines": sum(len(one.lines) for one in source.accounts),
        "records": len(source.records),
        "records_hidden": sum(1 for record in source.records if not record.is_shown),
        "message_lines": made.lines_shown,
        "pdf": made.has_pdf,
        "messages": [
            {
                "name": one.message.name,
                "sha256": one.message.sha256.hex(),
                "sealed": None if one.path is None else one.path.seal.day.isoformat(),
            }
            for one in source.messages
        ],
        "seal": {"day": source.seals[-1].day.isoformat(), "chain": source.seals[-1].chain.hex()} if source.seals else None,
        "sealed_now": source.sealed_now,
        "program": dict(made.program),
    }
