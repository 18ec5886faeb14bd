"""What was taken and no bill shows: ``erkc kept``."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.format4.layout import Section, known_versions, layout_for
from core.services.kept import KeptRow, kept_rows, kept_sections
from erkc.cli.options import Json, opened

__all__ = ["register"]

_SHOWN = 30
_NAMES = {
    "organisation": "организация", "number": "номер", "signed_on": "подписан", "effective_on": "действует с", "ends_on": "по",
    "house": "дом", "contract": "договор", "price_e6": "цена за м²", "starts_on": "с", "service": "услуга", "fund": "способ формирования",
    "excess_e6": "сверх минимума за м²", "bank_account": "счёт фонда", "address": "адрес", "utility_kind": "вид услуги",
    "resource_kind": "вид ресурса",
}  # fmt: skip


def register(application: typer.Typer) -> None:
    """Add the command to the command line."""
    application.command("kept")(kept)


def kept(
    section: Annotated[str | None, typer.Argument(metavar="РАЗДЕЛ", help="Код раздела, например du или crfundsize.")] = None,
    inn: Annotated[str | None, typer.Option(metavar="ИНН", help="Только этот отправитель.")] = None,
    as_json: Json = False,
) -> None:
    """Показать принятое, чего нет в счетах: договоры, цены, решения о капремонте, фонды, работы; без раздела — что есть."""
    with opened(as_json) as (application, screen):
        if section is None:
            found = [one for one in kept_sections(application.engine) if inn in (None, one.sender.inn)]
            rows = [(one.sender.name, one.section, _title(one.section), str(one.rows), f"{one.learned_at:%d.%m.%Y}") for one in found]
            if rows:
                screen.table(("Отправитель", "Раздел", "Что это", "Строк", "Узнано"), rows, numbers=frozenset((3,)))
            else:
                screen.say("Ничего не принято: erkc take ФАЙЛ…")
            screen.document(
                [
                    {"inn": one.sender.inn, "section": one.section, "rows": one.rows, "learned_at": one.learned_at.isoformat()}
                    for one in found
                ]
            )
            return
        kept_of = kept_rows(application.engine, section, inn=inn)
        shown = [(row.sender.name, row.key, "; ".join(f"{n}: {v}" for n, v in _named(section, row) if v), row.source) for row in kept_of]
        screen.table(("Отправитель", "Ключ", "Содержание", "Откуда"), shown[:_SHOWN], title=f"{_title(section)}: {len(shown)}")
        if len(shown) > _SHOWN:
            screen.say(f"  … и ещё {len(shown) - _SHOWN}: все — с --json")
        screen.document(
            [
                {"inn": row.sender.inn, "key": row.key, "fields": dict(_named(section, row)), "source": row.source,
                 "learned_at": row.learned_at.isoformat()}
                for row in kept_of
            ]
        )  # fmt: skip


def _section(code: str) -> Section | None:
    layout, _ = layout_for(max(known_versions()))
    return layout.sections.get(code.lower())


def _title(code: str) -> str:
    section = _section(code)
    return section.title if section is not None else code


def _named(code: str, row: KeptRow) -> list[tuple[str, str]]:
    """Names and values: of cells as the field table names them, by number where it does not."""
    if row.fields:
        return [(_NAMES.get(name, name), value) for name, value in row.fields]
    section = _section(code)
    names = {} if section is None else {field.n: field.name for field in section.fields}
    return [(names.get(n, f"поле {n}"), cell) for n, cell in enumerate(row.cells, 1)]
