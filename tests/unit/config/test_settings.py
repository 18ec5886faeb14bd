from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import load
from core.errors import ConfigError


def test_defaults_are_complete_and_embedded(tmp_path: Path) -> None:
    settings = load(home=tmp_path, environment={})
    assert settings.embedded and settings.gis.package_documents == 100 and settings.home == tmp_path


def test_a_site_file_overrides_defaults_and_the_environment_both(tmp_path: Path) -> None:
    (tmp_path / "erkc.toml").write_text("[gis]\npackage_documents = 50\nbase_url = 'http://site'\n", encoding="utf-8")
    settings = load(home=tmp_path, environment={"ERKC_GIS_URL": "http://environment", "ERKC_DATABASE_URL": "postgresql://u:secret@h/d"})
    assert (settings.gis.package_documents, settings.gis.base_url, settings.embedded) == (50, "http://environment", False)
    assert "secret" not in repr(settings)


def test_an_unknown_key_is_an_error_with_a_suggestion(tmp_path: Path) -> None:
    (tmp_path / "erkc.toml").write_text("[gis]\npackage_document = 50\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(home=tmp_path, environment={})
    assert (
        caught.value.code == "CFG-0103"
        and "package_documents" in caught.value.hint
        and caught.value.fields["option"] == "gis.package_document"
    )


def test_a_wrong_value_and_a_broken_file_name_the_option_and_the_file(tmp_path: Path) -> None:
    (tmp_path / "erkc.toml").write_text("[gis]\npackage_documents = 501\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"gis\.package_documents"):
        load(home=tmp_path, environment={})
    (tmp_path / "erkc.toml").write_text("[gis", encoding="utf-8")
    with pytest.raises(ConfigError, match="CFG-0102"):
        load(home=tmp_path, environment={})
    with pytest.raises(ConfigError, match="CFG-0101"):
        load(home=tmp_path, environment={"ERKC_CONFIG": str(tmp_path / "no.toml")})


@pytest.mark.parametrize(
    "link",
    [
        "http://erkc.example/{code}",
        "https://erkc.example/",
        "https://e.example/{code}{code}",
        "https://пример.рф/{code}",
        "https://erkc.example/" + "x" * 60 + "{code}",
        "javascript:{code}",
        "https://e.example/{code} ",
    ],
)
def test_a_link_of_bills_that_could_not_be_printed_or_followed_is_refused(link: str, tmp_path: Path) -> None:
    (tmp_path / "erkc.toml").write_text(f'[bills]\nexplain_url = "{link}"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"bills\.explain_url"):
        load(home=tmp_path, environment={"ERKC_HOME": str(tmp_path)})
    (tmp_path / "erkc.toml").write_text('[bills]\nexplain_url = "https://erkc.example/e/{code}"\n', encoding="utf-8")
    assert load(home=tmp_path, environment={"ERKC_HOME": str(tmp_path)}).bills.explain_url == "https://erkc.example/e/{code}"
