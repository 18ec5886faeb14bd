"""``erkc banks``: what goes to banks (charges registries) and how a new layout is described (profiles)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from adapters.banks.profile import bundled, load_profile, profile_named, use_site_profiles
from adapters.banks.proposal import Proposal, propose
from config.settings import load
from core.errors import ConfigError, system_reason
from core.services.month_view import finding_json
from erkc.bank_charges import ChargesSent, send_charges
from erkc.cli.intake import findings_table
from erkc.cli.options import Json, MonthArgument, month_of, opened, providers_of_month
from erkc.cli.screen import Screen, roubles

__all__ = ["register"]

_room = typer.Typer(help="Банки и платёжные агенты.", no_args_is_help=True)
_MOST_NUMBER = 999


def register(application: typer.Typer) -> None:
    """Add the room to the command line."""
    application.add_typer(_room, name="banks")


@_room.callback()
def _about() -> None:
    """Банки и платёжные агенты."""


@_room.command("charges")
def banks_charges(
    month_text: MonthArgument,
    profile: Annotated[
        str, typer.Option(help="Профиль исходящего реестра: charges-out, charges-out-old, charges-out-gorod, charges-out-dbf.")
    ],
    service: Annotated[str, typer.Option(metavar="КОД", help="Код услуги или договора, который дал банк.")] = "",
    out: Annotated[Path | None, typer.Option(metavar="ПАПКА", help="Куда записать; без ключа — outbox/banks рабочей папки.")] = None,
    number: Annotated[int, typer.Option(help="Номер реестра; тот же номер заменяет отправленный файл.")] = 1,
    provider: Annotated[str | None, typer.Option(metavar="ИНН", help="Только этот отправитель; без ключа — все.")] = None,
    account: Annotated[
        list[str] | None, typer.Option(metavar="СЧЁТ", help="Только этот расчётный счёт получателя; можно несколько.")
    ] = None,
    no_names: Annotated[bool, typer.Option("--no-names", help="Без фамилий: как договорено с банком.")] = False,
    as_json: Json = False,
) -> None:
    """Реестр начислений для банка по выпущенным счетам проведённого месяца: файл на каждого получателя и его счёт."""
    month = month_of(month_text)
    if not 1 <= number <= _MOST_NUMBER:
        raise ConfigError("CLI-0411", f"Номер реестра {number} не от 1 до {_MOST_NUMBER}.", hint="Номер в имени файла — три цифры.")
    chosen = profile_named(profile)
    if chosen.out is None:
        known = ", ".join(name for name, one in bundled().items() if one.out is not None)
        raise ConfigError("BANK-0603", f"Профиль «{profile}» не описывает исходящий реестр.", hint=f"Есть: {known}.", profile=profile)
    if "{service}" in "".join(chosen.out.texts) and not service:
        raise ConfigError(
            "CLI-0412", f"Профилю «{profile}» нужен код услуги.", hint="Добавьте --service КОД: он стоит в договоре с банком."
        )
    with opened(as_json) as (application, screen):
        senders = [one for one in providers_of_month(application) if provider is None or one.inn == provider]
        if not senders:
            raise ConfigError("CLI-0413", f"Отправителя с ИНН {provider} нет.", hint="Список: erkc report month ГГГГ-ММ.")
        folder = out or application.home / "outbox" / "banks"
        sent = [
            send_charges(
                application, provider=one, month=month, profile=chosen, folder=folder, number=number, service=service,
                with_names=not no_names, accounts=account or (),
            )
            for one in senders
        ]  # fmt: skip
        for one in sent:
            _show(screen, one)
        screen.document({"month": str(month), "profile": profile, "providers": [_sent_json(one) for one in sent]})
    if any(one.refused or one.left for one in sent):
        raise typer.Exit(1)


@_room.command("profile")
def banks_profile(
    file: Annotated[Path, typer.Argument(metavar="ФАЙЛ", help="Образец реестра: текст с разделителями или книга Excel.")],
    save: Annotated[str | None, typer.Option(metavar="ИМЯ", help="Сохранить под этим именем в папке banks рабочей папки.")] = None,
    rows: Annotated[int, typer.Option(help="Сколько записей показать.")] = 5,
    as_json: Json = False,
) -> None:
    """Предложить профиль для незнакомого реестра и показать, как он его читает; без --save ничего не сохраняется."""
    screen = Screen(as_json=as_json)
    folder = load().home / "banks"
    use_site_profiles(folder)
    if save is not None and not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,40}", save):
        raise ConfigError("CLI-0414", f"«{save}» не годится в имя профиля.", hint="Латинские буквы, цифры и дефис: sber-kapremont.")
    if save is not None and save in bundled():
        raise ConfigError("CLI-0415", f"Профиль «{save}» уже есть.", hint="Возьмите другое имя или правьте файл профиля.")
    found = propose(file.name, _contents(file), save or "new-profile", rows=rows)
    _show_proposal(screen, file.name, found)
    path = None
    if save is not None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{save}.toml"
        path.write_text(found.text, encoding="utf-8")
        load_profile(path.read_text(encoding="utf-8"), str(path))
        use_site_profiles(folder)
        screen.say(f"Сохранено: {path}. Поправьте по договору и проверьте: erkc parse {file.name} --profile {save}.")
    else:
        screen.say("Ничего не сохранено. Сохранить: --save ИМЯ.")
    screen.document(
        {
            "file": file.name,
            "saved": None if path is None else str(path),
            "profile": found.text,
            "status": found.parsed.status,
            "errors": found.parsed.errors[:rows],
            "totals": found.parsed.totals,
            "control": found.parsed.control,
            "preview": list(found.preview),
            "doubts": list(found.doubts),
            "fitting": list(found.fitting),
        }
    )
    if found.parsed.status == "rejected":
        raise typer.Exit(1)


def _contents(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError("CLI-0201", f"Файл {file} не читается: {system_reason(error)}.", hint="Проверьте путь и права.") from error


_HIDDEN = ("n", "kind")
_KEYS = {
    "status": "строка",
    "operation_id": "операция",
    "operation_date": "день оплаты",
    "operation_time": "время",
    "account": "лицевой счёт",
    "external_account": "счёт у агента",
    "els": "ЕЛС",
    "izku": "ИЖКУ",
    "ipd": "ИПД",
    "payer_name": "плательщик",
    "payer_address": "адрес",
    "period": "месяц",
    "service_code": "услуга",
    "amount_kop": "сумма",
    "commission_kop": "комиссия",
    "transfer_kop": "к перечислению",
    "charge_kop": "начисление",
    "penalty_kop": "пени",
    "reverses_operation_id": "что возвращает",
}
"""Keys of the contract for people; one that is not here stands as it is."""
_ROWS = {"accepted": "принята", "unmatched": "счёт неизвестен", "rejected": "отказ", "duplicate": "повтор", "conflict": "спор"}


def _show_proposal(screen: Screen, name: str, found: Proposal) -> None:
    if found.fitting:
        screen.say(f"Файл уже читается профилями: {', '.join(found.fitting)}. Новый профиль, возможно, не нужен.")
    screen.say(found.text)
    if found.preview:
        keys = [key for key in found.preview[0] if key not in _HIDDEN]
        cells = [[_cell(key, record.get(key)) for key in keys] for record in found.preview]
        screen.table(
            [_KEYS.get(key, key) for key in keys],
            cells,
            title=f"{name}: как это прочитано",
            numbers=frozenset(n for n, key in enumerate(keys) if key.endswith("_kop")),
        )
    totals = found.parsed.totals
    if totals is not None:
        proved = "итоги файла сошлись" if found.parsed.control else "файл итогов не объявляет"
        screen.say(f"Записей {totals['count']} на {roubles(totals['amount_kop'])} руб.; {proved}.")
    for doubt in found.doubts:
        screen.say(f"  • {doubt}")


def _cell(key: str, value: object) -> str:
    if value is None:
        return ""
    if key == "status":
        return _ROWS.get(str(value), str(value))
    return roubles(value) if key.endswith("_kop") and isinstance(value, int) else str(value)


def _show(screen: Screen, sent: ChargesSent) -> None:
    screen.heading(f"{sent.provider.name}: счетов {sent.bills}, к оплате {roubles(sent.due)} руб.")
    if sent.files:
        rows = [
            (
                file.path.name,
                file.payee.name,
                file.payee.account,
                str(file.rows),
                roubles(file.amount),
                "" if file.is_new else "без изменений",
            )
            for file in sent.files
        ]
        screen.table(("Файл", "Получатель", "Счёт", "Строк", "Сумма", ""), rows, numbers=frozenset((3, 4)))
        screen.say(f"  файлы в {sent.files[0].path.parent}; байты и хеши — в архиве (erkc show ХЕШ)")
    else:
        screen.say("  платить никому нечего: файлов нет")
    for item in sent.left:
        screen.say(
            f"  BANK-0605: счёт {item.account}: у получателя «{item.payee}» нет расчётного счёта, {roubles(item.amount)} руб. не включены"
        )
    findings_table(screen, sent.refused)


def _sent_json(sent: ChargesSent) -> dict[str, object]:
    return {
        "provider": {"inn": sent.provider.inn, "name": sent.provider.name},
        "bills": sent.bills,
        "due_kop": sent.due,
        "files": [
            {
                "file": str(file.path),
                "payee_inn": file.payee.inn,
                "payee_account": file.payee.account,
                "rows": file.rows,
                "amount_kop": file.amount,
                "sha256": file.sha256,
                "message": file.message_id,
                "is_new": file.is_new,
            }
            for file in sent.files
        ],
        "left": [{"code": "BANK-0605", "account": item.account, "payee": item.payee, "amount_kop": item.amount} for item in sent.left],
        "findings": [finding_json(item) for item in sent.refused],
    }
