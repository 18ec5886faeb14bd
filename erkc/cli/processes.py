"""Long-running processes: ``erkc work``, ``erkc schedule``, ``erkc stand gis|seed``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import scheduler
from adapters.signing import Certificate, read_certificate
from config.log_lines import log_to_stderr
from config.schedules import load_schedule
from core.errors import ConfigError, system_reason
from core.storage.engine import transaction
from erkc.cli.options import Json, opened, providers_of_month
from erkc.federal_stand import town_seed
from erkc.federation import prove_signature, test_signing_files
from erkc.jobs import registry
from erkc.self_check import begin_self_check
from erkc.stands import rgis
from erkc.stands.gis import (
    FAULTS,
    SEED_FILE,
    SIGNATURES,
    BadScenario,
    BadSeed,
    SeedMissing,
    listen,
    open_stand,
    read_scenario,
    serve,
    write_seed,
)
from erkc.worker import run

__all__ = ["register"]

_stand = typer.Typer(help="Внешний мир на этой машине: стенды для проверки обмена.", no_args_is_help=True)
Schedule = Annotated[Path | None, typer.Option("--schedule", help="Своё расписание вместо config/schedules.toml.")]

Folder = Annotated[Path, typer.Option(help="Папка состояния; seed.json в ней — что стенд знает.")]


def register(application: typer.Typer) -> None:
    """Add the commands to the command line."""
    application.command("work")(work)
    application.command("schedule")(schedule_command)
    application.add_typer(_stand, name="stand")


@_stand.callback()
def _about() -> None:
    """Внешний мир на этой машине."""


def work(
    schedule: Schedule = None,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="Закончить, когда работы нет.")] = False,
) -> None:
    """Исполнять задачи месяца; сколько угодно исполнителей на скольких угодно машинах."""
    with opened(False) as (application, screen):
        log_to_stderr(application.settings.log.lines)
        proved = prove_signature(application)
        if proved is not None:
            screen.say(f"Подпись проверена: {proved.title}; сертификат действует по {proved.not_after:%d.%m.%Y}.")
            for sentence in begin_self_check(application):
                screen.say(sentence)
        screen.say("Исполнитель работает; остановка: Ctrl-C.")
        run(application.database, schedule=load_schedule(schedule), registry=registry(application), until_idle=until_idle)


def schedule_command(schedule: Schedule = None) -> None:
    """Открывать задачи по расписанию; несколько планировщиков друг другу не мешают."""
    with opened(False) as (application, screen):
        log_to_stderr(application.settings.log.lines)
        screen.say("Планировщик работает; остановка: Ctrl-C.")
        scheduler.run(application.database, schedule=load_schedule(schedule))


@_stand.command("gis")
def stand_gis(
    folder: Folder = Path("gis-stand"),
    port: Annotated[int, typer.Option(help="Порт на 127.0.0.1.")] = 18080,
    scenario: Annotated[Path | None, typer.Option(help="Файл TOML со сбоями: seed и таблицы [[rule]].")] = None,
) -> None:
    """ГИС ЖКХ в коробке: проверяет схему, подпись, пределы и идентификаторы, отвечает асинхронно; страница — на том же порту."""
    seed = folder / SEED_FILE
    try:
        stand = open_stand(folder)
    except SeedMissing:
        raise ConfigError(
            "STD-0101",
            f"В папке {folder} нет {SEED_FILE}: стенд не знает ни организаций, ни домов.",
            hint=f"Создайте его по данным этой базы: erkc stand seed --folder {folder}.",
        ) from None
    except BadSeed as error:
        raise ConfigError(
            "STD-0102",
            f"Файл {seed} не читается как исходные данные стенда.",
            hint=f"Создайте его заново: erkc stand seed --folder {folder}.",
            reason=str(error),
        ) from error
    if scenario is not None:
        try:
            stand.replay(*read_scenario(scenario))
        except BadScenario as error:
            raise ConfigError(
                "STD-0106",
                f"Сценарий {scenario} не читается.",
                hint=f"Пример и поля: docs/operations.md; сбои: {', '.join(FAULTS)}.",
                reason=str(error),
            ) from error
    try:
        listener = listen(port)
    except OSError as error:
        raise ConfigError(
            "STD-0103",
            f"Порт {port} занят или недоступен.",
            hint="Возможно, стенд уже работает; иначе назовите другой: --port.",
            reason=str(error),
        ) from error
    typer.echo(f"Стенд ГИС ЖКХ: http://127.0.0.1:{port}/ (остановка: Ctrl-C)")
    serve(stand, listener)


@_stand.command("rgis")
def stand_rgis(
    folder: Annotated[Path, typer.Option(help="Папка состояния.")] = Path("rgis-stand"),
    port: Annotated[int, typer.Option(help="Порт на 127.0.0.1.")] = 18090,
    token: Annotated[str, typer.Option(help="Ключ доступа, который стенд принимает.")] = "stand",
    delay_s: Annotated[float, typer.Option("--delay", min=0.0, help="Через сколько секунд готов ответ.")] = 1.0,
    authority: Annotated[
        Path | None,
        typer.Option(
            "--authority", metavar="ФАЙЛ.pem", help="Сертификат центра, чьей подписи требовать от сообщений сервиса; без него — никакой."
        ),
    ] = None,
) -> None:
    """РГИС в коробке: принимает выгрузки «Формат 4.0» томами, проверяет сама, отвечает журналом; сбои — POST /admin/faults."""
    try:
        listener = listen(port)
    except OSError as error:
        raise ConfigError(
            "STD-0103",
            f"Порт {port} занят или недоступен.",
            hint="Возможно, стенд уже работает; иначе назовите другой: --port.",
            reason=str(error),
        ) from error
    typer.echo(f"Стенд РГИС: http://127.0.0.1:{port}/ (остановка: Ctrl-C)")
    authorities = None if authority is None else [_certificate(authority)]
    rgis.serve(rgis.Stand(folder, token=token, delay_s=delay_s, authorities=authorities), listener)


def _certificate(path: Path) -> Certificate:
    try:
        return read_certificate(path.read_bytes())
    except OSError as error:
        raise ConfigError("CLI-0201", f"Файл {path} не читается: {system_reason(error)}.", hint="Проверьте путь и права.") from error


@_stand.command("seed")
def stand_seed(
    folder: Folder = Path("gis-stand"),
    signature: Annotated[str, typer.Option(help="Какую подпись требует стенд: full — ГОСТ этой рабочей папки, off — никакую.")] = "full",
    delay_s: Annotated[float, typer.Option("--delay", min=0.0, help="Через сколько секунд готов ответ.")] = 1.0,
    as_json: Json = False,
) -> None:
    """Записать, что знает стенд ГИС ЖКХ: организации, дома, помещения и справочники этой базы; идентификаторы стенд даёт свои."""
    if signature not in SIGNATURES:
        raise ConfigError("STD-0104", f"Нет подписи «{signature}».", hint=f"Есть: {', '.join(SIGNATURES)}.")
    with opened(as_json) as (application, screen):
        listed = [one.provider_id for one in providers_of_month(application)]
        now = application.clock.now()
        authorities = [] if signature == "off" else [test_signing_files(application, now).authority.read_text(encoding="utf-8")]
        with transaction(application.engine) as connection:
            seed = town_seed(connection, *listed, authorities=authorities, signature=signature, delay_s=delay_s)
        if not seed["houses"]:
            raise ConfigError("STD-0105", "В базе нет ни одного дома: стенду нечего знать.", hint="Сначала примите пакет: erkc take ФАЙЛ.")
        written = write_seed(folder, seed)
        counts = {name: len(seed[name]) for name in ("organisations", "houses")}
        counts["premises"] = sum(len(house["premises"]) for house in seed["houses"])
        screen.say(
            f"{written}: организаций {counts['organisations']}, домов {counts['houses']}, помещений {counts['premises']}. "
            f"Запуск: erkc stand gis --folder {folder}; работающий стенд перезапустите."
        )
        screen.document({"file": str(written), **counts, "signature": signature})
