"""Visitors that no browser would be: what a raw connection may say, and what comes of it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.streamlit_client import Tab, alone

pytestmark = pytest.mark.e2e

TRAINER = "STDP_MNIST_Trainer"
LONG = "stdp_neurons=3200&stdp_epochs=50&stdp_seed=77"


def learning(tab: Tab) -> bool:
    """Whether the page has shown a training under way."""
    return any("Learning" in text for text in tab.progress)


def test_a_stranger_who_clears_the_caches_stops_nobodys_training(server: str) -> None:
    """Streamlit obeys `clear_cache` from any client; computations are kept elsewhere."""

    async def story() -> None:
        owner, stranger = Tab(server, TRAINER, LONG), Tab(server)
        await owner.open()
        await owner.click("stdp_run_start")
        await owner.poll(
            40, lambda _: None, until=lambda: any("Learning" in p for p in owner.progress)
        )
        await stranger.open()
        message = BackMsg()
        message.clear_cache = True
        for _ in range(5):
            await stranger.send(message)
        await stranger.run()
        owner.progress.clear()
        await owner.run()
        assert learning(owner), owner.progress
        await owner.click("stdp_run_cancel")
        assert owner.faults == stranger.faults == []
        await owner.close()
        await stranger.close()

    alone(story())


@pytest.mark.parametrize(
    ("page", "key", "values"),
    [
        ("LIF_Playground", "lif_current", [float("nan"), 1e308, -1e308, [1.0, 2.0]]),
        ("LIF_Playground", "lif_duration", [float("inf"), -1.0, 1e300]),
        ("LIF_Playground", "lif_model", ["", "../../etc/passwd", "<script>", "x" * 100_000]),
        ("Spike_Encoding", "enc_code_a", ["nothing", "\0", "lif'; DROP TABLE"]),
        ("Hopfield_Recall", "hop_count", [-5, 2**40]),
        (TRAINER, "stdp_neurons", [-1, 10**12]),
        (TRAINER, "stdp_rule", ["none of them"]),
    ],
)
def test_values_that_no_control_offers_break_nothing(
    server: str, page: str, key: str, values: list[Any]
) -> None:
    async def story() -> None:
        for value in values:
            tab = Tab(server, page)
            await tab.open()
            await tab.set(key, value)
            await tab.run()
            assert tab.faults == [], (key, value)
            assert key in tab.widgets  # the page is whole
            await tab.close()

    alone(story())


@pytest.mark.parametrize("query", ["job=" + "A" * 22, "job=../x", "job=%00", "job=" + "9" * 5000])
def test_a_guessed_job_leads_nowhere(server: str, query: str) -> None:
    async def story() -> None:
        tab = Tab(server, TRAINER, query)
        await tab.open()
        assert tab.faults == []
        assert any("no longer kept here" in text for text in tab.alerts)
        await tab.close()

    alone(story())


def test_the_trainers_address_may_hold_anything(server: str) -> None:
    async def story() -> None:
        for query in (
            "stdp_neurons=1e9&stdp_layer=%3Cscript%3E&stdp_seed=nan&stdp_rule=../..",
            "&".join(f"x{k}={k}" for k in range(900)),
            "stdp_draw=" + "A" * 20_000,
            "lif_a=" + "[" * 5000,
        ):
            for page in (TRAINER, "LIF_Playground"):
                tab = Tab(server, page, query)
                await tab.open()
                assert tab.faults == [], query[:60]
                await tab.close()

    alone(story())


def test_only_the_dashboard_is_served(server: str) -> None:
    """No file of the machine or of the project, no traversal, no upload without a session."""
    for path in (
        "/requirements.txt",
        "/.git/config",
        "/static/../../dashboard.py",
        "/app/static/dashboard.py",
        "/media/../../../etc/passwd",
        "/component/x/..%2f..%2fetc%2fpasswd",
        "/_stcore/upload_file/x/y",
    ):
        try:
            with urllib.request.urlopen(server + path) as answer:
                body = answer.read()
        except urllib.error.HTTPError as error:
            assert 400 <= error.code < 500, path
            continue
        # Streamlit answers an unknown path with its own page, which is the same for all.
        assert b"<title>Streamlit</title>" in body or b"noscript" in body, path


def test_what_the_server_tells_of_itself_names_nobody(server: str) -> None:
    with urllib.request.urlopen(f"{server}/_stcore/host-config") as answer:
        told = json.loads(answer.read())
    assert "/root" not in json.dumps(told) and "/home" not in json.dumps(told)
