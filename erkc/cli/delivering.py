"""``erkc deliver bills``: issued bills on their way to payers; ``erkc bill delivery|route|consents``: who gets them how."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from core.errors import ConfigError
from core.outbox.deliveries import Delivery, RouteCount, count_deliveries, undelivered
from core.period import Month
from core.records.providers import Provider
from core.services.delivery import MailRun, Prepared, decide, prepare_deliveries, print_batches, send_letters
from core.services.delivery.standing import STATES, state_of
from core.services.delivery_choices import choose_email, choose_paper, route_house, take_consents
from core.services.month_view import finding_json
from core.storage.engine import transaction
from erkc.application import Application
from erkc.cli.options import Json, MonthArgument, month_of, opened, providers_of_month
from erkc.cli.screen import Screen
from erkc.look import bill_look
from erkc.mailing import is_mail_ready, letters_of, open_mailer, sender_of
from erkc.printing import AgentFolders

__all__ = ["register", "register_choices"]

_ACTOR = "erkc"
_MOST_LINES = 20
Account = Annotated[str, typer.Argument(metavar="СЧЁТ")]


def register(deliver: typer.Typer) -> None:
    """Add the commands to the room of deliveries."""
    deliver.command("bills")(bills)
    deliver.command("decide")(decide_letter)


def register_choices(bill: typer.Typer) -> None:
    """Add the decisions on delivery to the room of bills."""
    bill.command("delivery")(delivery)
    bill.command("route")(route)
    bill.command("consents")(consents)


def bills(
    month_text: MonthArgument,
    only: Annotated[str | None, typer.Option("--route", metavar="МАРШРУТ", help="Только бумажные счета этого маршрута.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="ПАПКА", help="Папка агентов печати; без ключа — outbox/print рабочей папки.")
    ] = None,
    provider: Annotated[str | None, typer.Option("--provider", metavar="ИНН", help="Только этот отправитель; без ключа — все.")] = None,
    as_json: Json = False,
) -> None:
    """Доставить выпущенные счета: письма тем, кто согласился, остальное — пачками в папки агентов печати. Ничего не отправляется дважды.

    Отказанное почтовым сервером печатается. Повторный вызов продолжает начатое. Код 3 — письма ждут (сервер не отвечает), код 1 — есть
    письма, о которых неизвестно, дошли ли они (erkc deliver decide), или почта не настроена.
    """
    month = month_of(month_text)
    reports: dict[str, object] = {}
    waits = wrong = False
    with opened(as_json) as (application, screen):
        chosen = [one for one in providers_of_month(application) if provider is None or one.inn == provider]
        if not chosen:
            raise ConfigError("CLI-0105", f"Нет отправителя с ИНН {provider}.", hint="Проверьте --provider.", option="--provider")
        folder = out or application.home / "outbox" / "print"
        for one in chosen:
            done = _deliver(application, screen, one, month, only, folder)
            reports[one.inn] = done.json(one)
            waits, wrong = waits or done.waits, wrong or done.wrong
        screen.document({"month": str(month), "out": str(folder), "providers": reports})
    if wrong:
        raise typer.Exit(1)
    if waits:
        raise typer.Exit(3)


class _Report:
    """What was done for one provider, and how its month stands."""

    def __init__(self, prepared: Prepared, run: MailRun | None, counts: Sequence[RouteCount], troubles: Sequence[Delivery]) -> None:
        self.prepared, self.run, self.counts, self.troubles = prepared, run, counts, troubles

    @property
    def waits(self) -> bool:
        return any(state_of(count.system, count.state) == "waiting" for count in self.counts)

    @property
    def wrong(self) -> bool:
        return bool(self.troubles) or bool(self.prepared.without_mail)

    def json(self, provider: Provider) -> dict[str, object]:
        trouble = None if self.run is None or self.run.trouble is None else self.run.trouble.as_dict()
        return {
            "name": provider.name,
            "prepared": {"letters": self.prepared.letters, "printed": self.prepared.printed, "batches": self.prepared.batches},
            "without_mail": self.prepared.without_mail,
            "trouble": trouble,
            "standing": [
                {
                    "way": count.system,
                    "route": count.route,
                    "state": state_of(count.system, count.state),
                    "bills": count.bills,
                    "batches": count.batches,
                }
                for count in self.counts
            ],
            "decide": [
                {"number": one.number, "state": state_of(one.system, one.state), "code": one.code, "text": one.text}
                for one in self.troubles
            ],
        }


def _deliver(application: Application, screen: Screen, provider: Provider, month: Month, only: str | None, out: Path) -> _Report:
    owner = provider.provider_id
    prepared = _prepare_and_print(application, screen, provider, month, only, out)
    run: MailRun | None = None
    if is_mail_ready(application) and only is None:
        with screen.progress(f"Письма, {provider.name}") as progress, open_mailer(application) as mailer:
            run = send_letters(
                application.engine,
                mailer=mailer,
                sender=sender_of(application).address,
                clock=application.clock,
                provider_id=owner,
                progress=lambda done: progress(done, max(done, prepared.letters)),
            )
        if run.refused:  # their bills go on paper at once
            more = _prepare_and_print(application, screen, provider, month, only, out)
            prepared.printed, prepared.batches = prepared.printed + more.printed, prepared.batches + more.batches
    with transaction(application.engine) as connection:
        counts = count_deliveries(connection, provider_id=owner, month=str(month))
        troubles = undelivered(connection, provider_id=owner, month=str(month))
    report = _Report(prepared, run, counts, troubles)
    _show(screen, provider, month, report)
    return report


def _prepare_and_print(application: Application, screen: Screen, provider: Provider, month: Month, only: str | None, out: Path) -> Prepared:
    owner = provider.provider_id
    prepared = prepare_deliveries(
        application.engine,
        provider_id=owner,
        month=month,
        letters=letters_of(application, owner) if is_mail_ready(application) else None,
        route=only,
        clock=application.clock,
    )
    with screen.progress(f"Печать, {provider.name}") as progress:
        print_batches(
            application.engine,
            printer=AgentFolders(out, provider.inn, provider.name, bill_look(application, month, owner)),
            clock=application.clock,
            provider_id=owner,
            progress=lambda done: progress(done, max(done, prepared.printed)),
        )
    return prepared


def _show(screen: Screen, provider: Provider, month: Month, report: _Report) -> None:
    rows = [
        (
            "почта" if count.system == "email" else "печать",
            count.route,
            STATES[state_of(count.system, count.state)],
            str(count.bills),
            str(count.batches) if count.system == "print" else "",
        )
        for count in report.counts
    ]
    if rows:
        title = f"Доставка счетов за {month.title}, {provider.name}"
        screen.table(("Как", "Маршрут", "Состояние", "Счетов", "Пачек"), rows, title=title, numbers=frozenset((3, 4)))
    else:
        screen.say(f"{provider.name}: доставлять нечего, счета за {month.title} не выпущены.")
    if report.prepared.without_mail:
        screen.say(f"  согласились на письма, а почта не настроена: {report.prepared.without_mail} (задайте раздел [mail] настроек)")
    if report.run is not None and report.run.trouble is not None:
        screen.say(f"  {report.run.trouble.message} {report.run.trouble.hint}")
    for one in report.troubles[:_MOST_LINES]:
        screen.say(f"  № {one.number}: {STATES[state_of(one.system, one.state)]}: {one.code} {one.text}")
    if report.troubles:
        more = f" и ещё {len(report.troubles) - _MOST_LINES}" if len(report.troubles) > _MOST_LINES else ""
        screen.say(f"  дошли ли эти письма, решает человек: erkc deliver decide НОМЕР …{more}")


def decide_letter(
    number: Annotated[str, typer.Argument(metavar="НОМЕР", help="Номер документа.")],
    document: Annotated[str, typer.Option(help="Основание: что сказал плательщик, журнал сервера; остаётся в архиве решений.")],
    delivered: Annotated[bool, typer.Option("--delivered", help="Счёт получен.")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="Счёт не дошёл: письмо заменит бумага.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Отправить письмо ещё раз, под тем же идентификатором.")] = False,
    provider: Annotated[str | None, typer.Option(metavar="ИНН", help="Чей документ, если номер есть у нескольких отправителей.")] = None,
    as_json: Json = False,
) -> None:
    """Решить о доставке счёта: получен, не дошёл, отправить ещё раз. Принятое сервером письмо ещё раз не отправляется."""
    named: list[tuple[bool, Literal["delivered", "failed", "again"]]] = [(delivered, "delivered"), (failed, "failed"), (again, "again")]
    chosen = [verdict for said, verdict in named if said]
    if len(chosen) != 1:
        raise ConfigError("CLI-0106", "Решение не названо.", hint="Укажите одно из: --delivered, --failed, --again.")
    with opened(as_json) as (application, screen):
        said = decide(
            application.engine,
            number=number,
            verdict=chosen[0],
            document=_given(document, "--document"),
            actor=_ACTOR,
            clock=application.clock,
            provider=provider,
        )
        screen.say(f"Документ № {number}: {'; '.join(said)}.")
        screen.document({"number": number, "verdict": chosen[0], "done": said})


def delivery(
    account: Account,
    document: Annotated[str, typer.Option("--consent-document", help="Заявление плательщика; остаётся в архиве решений.")],
    email: Annotated[str | None, typer.Option("--email", metavar="АДРЕС", help="Присылать счета на этот адрес.")] = None,
    paper: Annotated[bool, typer.Option("--paper", help="Присылать счета на бумаге: согласие отозвано.")] = False,
    own_route: Annotated[str, typer.Option("--route", metavar="МАРШРУТ", help="Маршрут бумажного счёта; без ключа — маршрут дома.")] = "",
    as_json: Json = False,
) -> None:
    """Записать, как плательщик получает счета: согласие на электронную почту или его отзыв, по документу."""
    if (email is None) == (not paper):
        raise ConfigError("CLI-0107", "Не сказано, как доставлять.", hint="Укажите --email АДРЕС или --paper.")
    with opened(as_json) as (application, screen):
        basis = _given(document, "--consent-document")
        if email is not None:
            is_new = choose_email(application.engine, account=account, email=email, document=basis, actor=_ACTOR, clock=application.clock)
        else:
            is_new = choose_paper(
                application.engine, account=account, route=own_route, document=basis, actor=_ACTOR, clock=application.clock
            )
        way = f"письмом на {email}" if email is not None else "на бумаге"
        screen.say(f"Счёт {account}: {way}. {'Записано.' if is_new else 'Так уже было.'}")
        screen.document({"account": account, "way": "email" if email is not None else "paper", "is_new": is_new})


def route(
    house: Annotated[str, typer.Argument(metavar="ДОМ", help="Код ФИАС дома.")],
    name: Annotated[str, typer.Option("--route", metavar="МАРШРУТ", help="Название маршрута доставки.")],
    document: Annotated[str, typer.Option(help="Документ: договор с агентом, распоряжение; остаётся в архиве решений.")],
    as_json: Json = False,
) -> None:
    """Отнести дом к маршруту доставки бумажных счетов."""
    with opened(as_json) as (application, screen):
        is_new = route_house(
            application.engine,
            house=house,
            route=_given(name, "--route"),
            document=_given(document, "--document"),
            actor=_ACTOR,
            clock=application.clock,
        )
        screen.say(f"Дом {house}: маршрут «{name}». {'Записано.' if is_new else 'Так уже было.'}")
        screen.document({"house": house, "route": name, "is_new": is_new})


def consents(
    file: Annotated[
        Path, typer.Argument(metavar="ФАЙЛ", help="CSV с разделителем «;»: счёт; e-mail; документ. Пустой e-mail — отзыв согласия.")
    ],
    as_json: Json = False,
) -> None:
    """Принять список согласий на счета по электронной почте; файл остаётся в архиве решений."""
    with opened(as_json) as (application, screen):
        taken = take_consents(application.engine, name=file.name, data=file.read_bytes(), clock=application.clock)
        screen.say(f"{file.name}: новых {taken.new}, уже известных {taken.known}, с ошибкой {len(taken.findings)}")
        for finding in taken.findings[:_MOST_LINES]:
            screen.say(f"  строка {finding.position.row}: {finding.code} {finding.message} {finding.hint}")
        found = [finding_json(finding) for finding in taken.findings]
        screen.document({"new": taken.new, "known": taken.known, "findings": found, "message": taken.message_id})
    if taken.findings:
        raise typer.Exit(1)


def _given(said: str, option: str) -> str:
    if not said.strip():
        raise ConfigError("CLI-0403", f"Основание: пусто ({option}).", hint=f'Напишите: {option} "заявление № 12 от 03.11.2026".')
    return said.strip()
