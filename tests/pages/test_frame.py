"""The frame, the controls and the share row on a small page of their own."""

from __future__ import annotations

import json
import threading

import pytest
from streamlit.testing.v1 import AppTest

from pages.components import controls, frame, inline, share
from pages.components.brand import icon_png
from snncore.params import Spec
from snncore.plots.base import COLOURS, INK

SCRIPT = '''
from dataclasses import dataclass
import streamlit as st
from pages.components import controls, frame, inline, share
from snncore.params import Params, choice, flag, integer, number

@dataclass(frozen=True)
class Demo(Params):
    """One field of each kind."""
    tau_m: float = number(20.0, 0.0, 100.0, "Membrane time constant.", unit="ms", lo_open=True)
    low: float = number(0.0, -1.0, 1.0, "Lower edge.", step=0.25)
    high: float = number(0.5, -1.0, 1.0, "Upper edge.", step=0.25)
    neurons: int = integer(50, 1, 500, "Neurons.")
    seed: int = integer(0, 0, 2**62, "Seed of all random draws.")
    code: str = choice("rate", ("rate", "latency"), "Code.")
    rule: str = choice("modern", ("hebbian", "pseudo-inverse", "modern", "spiking"), "Rule.")
    noisy: bool = flag(True, "Add noise.")
    reset: str = choice("zero", ("zero", "none"), "Also the name of a button.")

    def __post_init__(self):
        super().__post_init__()
        if self.low >= self.high:
            raise ValueError(f"low must be < high, got {self.low} and {self.high}")

frame.open_page("lif")
controls.presets("demo", Demo, {"Slow": Demo(tau_m=50, neurons=77, code="latency",
                                            rule="spiking", noisy=False)})
values = controls.controls(Demo, "demo", columns=2)
share.share_bar(
    command="python -m snncore lif",
    params=controls.link_params("demo", values),
    downloads=[share.Download("Values", lambda: b"x", "values.csv", "text/csv")],
)
st.json(inline.inline(values.to_dict))
'''


@pytest.fixture
def page() -> AppTest:
    return AppTest.from_string(SCRIPT, default_timeout=60)


def shown(at: AppTest) -> dict[str, object]:
    assert not at.exception, at.exception
    return json.loads(at.json[0].value)


DEFAULTS = {
    "tau_m": 20.0,
    "low": 0.0,
    "high": 0.5,
    "neurons": 50,
    "seed": 0,
    "code": "rate",
    "rule": "modern",
    "noisy": True,
    "reset": "zero",
}


def test_frame_names_the_page_its_device_and_the_data(page: AppTest) -> None:
    at = page.run()
    assert not at.exception
    assert [title.value for title in at.title] == ["LIF Playground"]
    side = " ".join(m.value for m in at.sidebar.markdown) + at.sidebar.caption[0].value
    assert "Computing on" in side and "core" in side
    assert "data sets present" in side.replace("All data sets", "data sets")
    for name in ("Spike Encoding", "Hopfield Recall", "STDP MNIST Trainer"):
        assert name in side  # as text: this page runs alone, there is nothing to link to


def test_an_impossible_device_is_explained_instead_of_a_crash(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNNCORE_DEVICE", "abacus")
    at = page.run()
    assert not at.exception
    assert "device must be one of auto, cuda, mps, cpu, got 'abacus'" in at.error[0].value


def test_missing_data_is_named_with_the_cure(
    page: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("SNNCORE_DATA", str(tmp_path))
    at = page.run()
    side = " ".join(m.value for m in at.sidebar.markdown)
    assert "0 of 3 large data sets present" in side and "MNIST" in side
    codes = [code.value for code in at.sidebar.code]
    assert codes[0].startswith("python -m snncore download mnist")
    assert codes[1] == str(tmp_path)


def test_each_field_gets_its_kind_of_widget_with_unit_and_help(page: AppTest) -> None:
    at = page.run()
    assert shown(at) == DEFAULTS
    tau = at.slider(key="demo_tau_m")
    assert (tau.label, tau.help) == ("Tau m [ms]", "Membrane time constant.")
    assert tau.min > 0  # the open end of the range is not offered
    assert [w.key for w in at.number_input] == ["demo_seed"]
    assert [w.key for w in at.selectbox] == ["demo_rule"]
    assert {w.key for w in at.segmented_control} == {"demo_code", "demo_reset"}
    assert [w.key for w in at.toggle] == ["demo_noisy", "lesson__make"]


def test_a_preset_sets_all_and_reset_takes_all_back(page: AppTest) -> None:
    at = page.run()
    at.button(key="demo__preset_Slow").click().run()
    assert shown(at) == DEFAULTS | {
        "tau_m": 50.0,
        "neurons": 77,
        "code": "latency",
        "rule": "spiking",
        "noisy": False,
    }
    at.button(key="demo__reset").click().run()
    assert shown(at) == DEFAULTS


HIDING = '''
from dataclasses import dataclass
import streamlit as st
from pages.components import controls
from snncore.params import Params, choice, number

@dataclass(frozen=True)
class Demo(Params):
    """A share that only one kind of damage has."""
    kind: str = choice("flip", ("flip", "noise"), "Kind.")
    share: float = number(0.3, 0.0, 1.0, "Share.", step=0.05)

@dataclass(frozen=True)
class Data(Params):
    """Not part of the presets."""
    images: int = number(10, 0, 100, "Images.", step=1)

controls.presets("demo", Demo, {"Half": Demo(share=0.5)}, also=[("data", Data())])
images = controls.controls(Data, "data").images
kind = controls.controls(Demo, "demo", only=["kind"]).kind
share = controls.controls(Demo, "demo", only=["share"]).share if kind == "flip" else None
st.json({"kind": kind, "share": share, "images": images})
'''


@pytest.mark.parametrize("query", [{}, {"demo_kind": "noise"}, {"demo_share": "0.7"}])
def test_a_preset_also_sets_a_control_that_is_not_in_sight(query: dict[str, str]) -> None:
    at = AppTest.from_string(HIDING, default_timeout=60)
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    at.segmented_control(key="demo_kind").set_value("noise").run()
    assert shown(at)["share"] is None
    at.button(key="demo__preset_Half").click().run()
    assert shown(at) == {"kind": "flip", "share": 0.5, "images": 10.0}
    assert dict(at.query_params) == {"demo_share": "0.5"}
    at.segmented_control(key="demo_kind").set_value("noise").run()
    at.button(key="demo__reset").click().run()
    assert shown(at) == {"kind": "flip", "share": 0.3, "images": 10.0}


def test_reset_alone_takes_back_the_further_sets() -> None:
    at = AppTest.from_string(HIDING, default_timeout=60).run()
    at.slider(key="data_images").set_value(40.0).run()
    at.button(key="demo__preset_Half").click().run()
    assert shown(at) == {"kind": "flip", "share": 0.5, "images": 40.0}
    at.button(key="demo__reset").click().run()
    assert shown(at) == {"kind": "flip", "share": 0.3, "images": 10.0}


def test_the_address_restores_the_state_and_the_link_spells_it(page: AppTest) -> None:
    page.query_params["demo_tau_m"] = "33.5"
    page.query_params["demo_code"] = "latency"
    page.query_params["demo_noisy"] = "false"
    at = page.run()
    assert shown(at) == DEFAULTS | {"tau_m": 33.5, "code": "latency", "noisy": False}
    link = "?demo_tau_m=33.5&demo_code=latency&demo_noisy=false"
    assert link in [code.value for code in at.code]
    assert "python -m snncore lif" in [code.value for code in at.code]


@pytest.mark.parametrize("value", ["nan", "-5", "1e9", "abc", ""])
def test_nonsense_in_the_address_falls_back_to_the_default(page: AppTest, value: str) -> None:
    page.query_params["demo_tau_m"] = value
    page.query_params["demo_rule"] = value
    at = page.run()
    assert shown(at) == DEFAULTS


def test_values_that_do_not_fit_together_stop_the_page_and_reset_helps(page: AppTest) -> None:
    at = page.run()
    at.slider(key="demo_low").set_value(0.75).run()
    assert not at.exception
    assert "low must be < high, got 0.75 and 0.5" in at.error[0].value
    assert len(at.json) == 0
    at.button(key="demo__reset").click().run()
    assert shown(at) == DEFAULTS


@pytest.mark.parametrize(
    ("spec", "default", "limits"),
    [
        (Spec("int", "", lo=1, hi=10, step=1), 5, (1, 10, 1)),
        (Spec("int", "", lo=0, hi=2**63, step=1), 0, (0, 2**53 - 1, 1)),
        (Spec("float", "", lo=0.0, hi=100.0, lo_open=True), 20.0, (1.0, 100.0, 1.0)),
        (Spec("float", "", lo=0.0, hi=100.0, lo_open=True), 0.5, (0.1, 100.0, 0.1)),
        (Spec("float", "", lo=0.0, hi=1.0, step=0.05), 0.5, (0.0, 1.0, 0.05)),
        (Spec("float", "", lo=1e-6, hi=1.0, step=0.05), 0.5, (0.05, 1.0, 0.05)),
        (Spec("float", "", lo=1e-6, hi=1.0, step=0.05), 0.03, (0.03, 1.0, 0.05)),
        (Spec("float", "", lo=1e-6, hi=1e5, step=0.1), 1.0, (1e-6, 1e5, 0.1)),  # a number box
    ],
)
def test_limits_of_a_number(spec: Spec, default: float, limits: tuple[float, ...]) -> None:
    assert controls.limits("x", spec, default) == limits


@pytest.mark.parametrize(
    ("name", "low", "high", "step", "default", "slider"),
    [
        ("tau_m", 0.5, 200.0, 0.5, 20.0, True),
        ("noise", 0.0, 50.0, 0.1, 0.0, True),  # off by default, at the end of the slider
        ("duration", 100.0, 100_000.0, 100.0, 500.0, False),  # 500 would be beside 100
        ("neurons", 1, 100_000, 1, 50_000, False),
        ("seed", 0, 10, 1, 0, False),
    ],
)
def test_a_slider_only_where_a_hand_can_set_it(
    name: str, low: float, high: float, step: float, default: float, slider: bool
) -> None:
    assert controls.fits_slider(name, low, high, step, default) is slider


def test_a_small_default_gets_a_step_of_its_own_size() -> None:
    spec = Spec("float", "", lo=0.0, hi=1.0)
    assert controls.limits("rate", spec, 0.005) == (0.0, 1.0, 0.001)


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("http://localhost:8501/LIF", True),
        ("http://127.0.0.1:8501", True),
        ("http://lab:1/", False),
    ],
)
def test_who_shares_a_link_to_this_machine_alone_is_told(
    monkeypatch: pytest.MonkeyPatch, url: str, warned: bool
) -> None:
    def script(url: str) -> None:
        from types import SimpleNamespace

        from pages.components import share

        share.st.context = SimpleNamespace(url=url)  # type: ignore[assignment]
        share._link({"a": 1}, "")

    monkeypatch.setattr(share.st, "context", share.st.context)  # put back at the end
    app = AppTest.from_function(script, default_timeout=30, args=(url,)).run()
    assert not app.exception
    assert any("Network URL" in c.value for c in app.caption) == warned


def test_exact_link_replaces_the_query_and_leaves_out_nothing_else() -> None:
    link = share.exact_link("http://h:1/LIF?old=1", {"a": 80.0, "b": True, "c": None, "d": "x y&"})
    assert link == "http://h:1/LIF?a=80&b=true&d=x+y%26"
    assert share.exact_link("http://h:1/LIF", {}) == "http://h:1/LIF"


def failing(kind: str) -> AppTest:
    return AppTest.from_string(
        f"""
from pages.components import inline
import streamlit as st
def work():
    raise {kind}
inline.inline(work)
st.text("never reached")
""",
        default_timeout=60,
    ).run()


def test_an_engine_judgement_is_shown_and_the_page_stops() -> None:
    at = failing('ValueError("dt must be > 0 ms, got 0.0")')
    assert (at.error[0].value, len(at.text)) == ("dt must be > 0 ms, got 0.0", 0)


def test_a_fault_shows_its_class_only() -> None:
    at = failing('KeyError("secret")')
    assert "KeyError" in at.error[0].value and "secret" not in at.error[0].value
    assert len(at.text) == 0 and not at.exception


def test_a_full_gate_says_busy_and_lets_go_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.BoundedSemaphore(1)
    monkeypatch.setattr(inline, "_gate", gate)
    monkeypatch.setattr(inline, "WAIT_S", 0.01)
    gate.acquire()
    assert "Many visitors" in failing('ValueError("x")').warning[0].value
    gate.release()
    failing('ValueError("x")')
    assert gate.acquire(timeout=1)  # given back although the work failed


def test_a_waiting_run_gives_way_between_slices_and_gets_its_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Gate:
        """Free at the third try."""

        tries = 0

        def acquire(self, timeout: float) -> bool:
            assert 0 <= timeout <= 0.2
            self.tries += 1
            return self.tries == 3

        def release(self) -> None:
            self.tries = -1

    class State(dict[str, object]):
        looks = 0

        def get(self, key: str, default: object = None) -> object:
            self.looks += 1
            return default

    gate, state = Gate(), State()
    monkeypatch.setattr(inline, "_gate", gate)
    monkeypatch.setattr(inline.st, "session_state", state)
    assert inline.inline(lambda: 7) == 7
    assert (gate.tries, state.looks) == (-1, 2)


def light(colour: str) -> float:
    """WCAG relative luminance."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", COLOURS)
@pytest.mark.parametrize("background", ["#FFFFFF", "#0E1117"])
def test_every_colour_of_a_mark_is_seen_on_both_themes(name: str, background: str) -> None:
    assert contrast(COLOURS[name], background) >= 3  # WCAG 2.2, 1.4.11 Non-text contrast


def test_ink_is_legible_on_its_theme() -> None:
    assert contrast(INK[False], "#FFFFFF") >= 4.5 and contrast(INK[True], "#0E1117") >= 4.5


def test_contrast_of_known_pairs() -> None:
    assert contrast("#FFFFFF", "#000000") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.005)


def test_every_page_has_a_file_a_name_an_icon_and_words() -> None:
    assert list(frame.PAGES) == ["home", "lif", "encoding", "hopfield", "stdp"]
    for page in frame.PAGES.values():
        assert page.file.endswith(".py") and page.icon.startswith(":material/")
        assert page.title and page.intro.endswith(".") and page.help


def test_the_tab_icon_is_a_local_png() -> None:
    assert icon_png().startswith(b"\x89PNG")
