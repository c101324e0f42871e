"""SECURITY.md names tests that exist, and the server's settings are those for strangers."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NAMED = re.findall(r"`(tests/[\w/.]+?)(?:::(\w+))?`", (ROOT / "SECURITY.md").read_text("utf-8"))


@pytest.mark.parametrize(("file", "name"), NAMED, ids=lambda part: part.rsplit("/", 1)[-1])
def test_what_security_md_names_is_there(file: str, name: str) -> None:
    path = ROOT / file
    assert path.exists(), file
    assert not name or f"def {name}(" in path.read_text(encoding="utf-8"), f"{file}::{name}"


def test_security_md_names_tests() -> None:
    assert len(NAMED) > 15


def test_the_server_is_configured_for_strangers() -> None:
    config = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))
    assert config["client"]["showErrorDetails"] == "none"
    assert config["client"]["toolbarMode"] == "viewer"
    assert config["browser"]["gatherUsageStats"] is False
    server = config["server"]
    assert server["maxUploadSize"] <= 64 and server["maxWidgetStateSize"] <= 2
    for unsafe in ("enableStaticServing", "enableAgentApi"):
        assert not server.get(unsafe, False)
    for safe in ("enableXsrfProtection", "enableCORS"):
        assert server.get(safe, True)
    assert not config["runner"]["magicEnabled"]
