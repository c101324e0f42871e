"""The challenge of the LIF Playground: experiments on a secret neuron, guesses, a score."""

from __future__ import annotations

import dataclasses
from typing import Any

import streamlit as st

from pages.components import controls
from pages.components.lif_run import HASH
from pages.components.lif_section_base import chart, computed
from pages.components.share import exact_link
from snncore.neurons import LIFParams
from snncore.playground import Setup
from snncore.playground import challenge as engine
from snncore.playground.challenge import Challenge, Experiment, Injection, Score
from snncore.plots.challenge import experiment_chart
from snncore.simulate import RunParams
from snncore.stimuli import Recording, StimulusParams

KEY = "challenge"
_LOG = "challenge_log"  # of the session: "level number" → attempt
_MAX_LOG = 100

NAMES = {
    "tau_m": "membrane time constant τ",
    "r_m": "resistance R",
    "v_th": "threshold",
    "v_reset": "reset voltage",
    "t_ref": "refractory period",
}
# What each hidden parameter does to the recording, and the experiment that shows it.
HINTS = {
    "tau_m": "switch on a **step** too weak for a spike: after τ the voltage has made 63 % of its "
    "way.",
    "r_m": "inject a **constant** current too weak for a spike: in the end the voltage stands "
    "R · I above rest (−70 mV).",
    "v_th": "raise the current with a **ramp**: spikes leave from this voltage.",
    "v_reset": "make it fire: right after a spike the voltage is here.",
    "t_ref": "make it fire fast with a strong **constant** current: the flat piece after each "
    "spike is this long.",
}


@st.cache_data(max_entries=64, ttl=3600, max_size="32MB", show_spinner=False, hash_funcs=HASH)
def cached_experiment(
    challenge: Challenge,
    guess: LIFParams,
    stimulus: StimulusParams,
    run: RunParams,
    recording: Recording | None,
) -> Experiment:
    """Secret and guess under the page's drive."""
    return engine.experiment(challenge, guess, stimulus, run, recording)


@st.cache_data(max_entries=256, ttl=3600, max_size="4MB", show_spinner=False)
def cached_score(challenge: Challenge, guess: LIFParams) -> Score:
    """What a guess is worth."""
    return engine.score(challenge, guess)


@dataclasses.dataclass
class Attempt:
    """What this visitor has done with one challenge."""

    checks: int = 0
    guess: LIFParams | None = None  # of the last check
    best: int = 0  # points
    over: bool = False  # solved or revealed
    revealed: bool = False


def challenge_panel(setup: Setup, recording: Recording | None) -> None:
    """The whole panel; the drive and the run are the page's."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        with st.container(width=230):
            level = _control("level")
        with st.container(width=170):
            number = _control("number")
        st.button(
            "Next challenge", icon=":material/skip_next:", key=f"{KEY}_next", on_click=_next,
            width="content",
        )  # fmt: skip
        with st.popover("Share", icon=":material/link:", key=f"{KEY}_share", width="content"):
            st.markdown("The same secret neuron for a friend:")
            st.code(_link(level, number), language=None, wrap_lines=True)
    challenge = Challenge(level=level, number=number)
    st.markdown(_task(challenge))
    st.caption("\n".join(f"- {_upper(NAMES[name])}: {HINTS[name]}" for name in challenge.names))
    picture, side = st.columns([1.9, 1], gap="medium")
    with picture:
        injection = _injection()
    with side:
        guess = _guess(challenge)
    stimulus, run = injection.drive(setup.stimulus, setup.run)
    own = recording if injection.kind == "drive above" else None
    result = computed(lambda: cached_experiment(challenge, guess, stimulus, run, own))
    if result is None:
        return
    with picture:
        chart(
            experiment_chart(result),
            "challenge",
            "Voltage of the secret neuron and of the guess over the injected current.",
        )
        st.caption(_reading(challenge, result))
    score = _judge(challenge)
    with side:
        _buttons(challenge, guess)
    _verdict(challenge, score)


def _control(name: str, cls: type[Challenge] | type[Injection] = Challenge) -> Any:
    return controls.control(name, cls.specs()[name], getattr(cls(), name), KEY)


def _injection() -> Injection:
    """Which current both neurons get."""
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=350):
            kind = _control("kind", Injection)
        if kind == "drive above":
            return Injection()
        with st.container(width=220):
            return Injection(kind=kind, strength=_control("strength", Injection))


def _next() -> None:
    """Another number, with the guess where it begins."""
    number = st.session_state.get(f"{KEY}_number", 1)
    st.session_state[f"{KEY}_number"] = number % 9999 + 1
    for name in engine.RANGES:
        st.session_state[f"{KEY}_{name}"] = getattr(engine.START, name)


def _link(level: str, number: int) -> str:
    address = {f"{KEY}_level": level, f"{KEY}_number": number, "lif_open_challenge": True}
    return exact_link(st.context.url, address)


def _task(challenge: Challenge) -> str:
    """What to do, in two sentences."""
    names = [NAMES[name] for name in challenge.names]
    hidden = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return (
        f"A secret LIF neuron hides its **{hidden}**; all else is as in your guess. Inject "
        "currents, move the guess until its dashed voltage lies on the recording, then press Check."
    )


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _guess(challenge: Challenge) -> LIFParams:
    """A control for each hidden parameter."""
    specs, values = LIFParams.specs(), {}
    for name in challenge.names:
        low, high, step = engine.RANGES[name]
        spec = dataclasses.replace(
            specs[name], lo=float(low), hi=float(high), step=step, lo_open=False
        )
        values[name] = controls.control(name, spec, getattr(engine.START, name), KEY)
    return dataclasses.replace(engine.START, **values)


def _reading(challenge: Challenge, result: Experiment) -> str:
    text = (
        "Strokes are spikes, those of the secret neuron in the upper row. Hover to read values; "
        "Shift + wheel zooms, drag moves."
    )
    if challenge.noise_mv:
        text += f" The electrode adds {challenge.noise_mv:g} mV of noise."
    if len(result.secret.spike_times) == 0 and set(challenge.names) & {"v_th", "v_reset", "t_ref"}:
        text += " **The secret neuron does not fire yet: raise the current.**"
    return text


def _attempt(challenge: Challenge) -> Attempt:
    log: dict[str, Attempt] = st.session_state.setdefault(_LOG, {})
    name = f"{challenge.level} {challenge.number}"
    if name not in log:
        while len(log) >= _MAX_LOG:
            log.pop(next(iter(log)))
        log[name] = Attempt()
    return log[name]


def _buttons(challenge: Challenge, guess: LIFParams) -> None:
    over = _attempt(challenge).over
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Check", icon=":material/task_alt:", type="primary", key=f"{KEY}_check",
            on_click=_check, args=(challenge, guess), disabled=over,
        )  # fmt: skip
        st.button(
            "Reveal", icon=":material/visibility:", key=f"{KEY}_reveal", on_click=_reveal,
            args=(challenge,), disabled=over,
        )  # fmt: skip
    st.caption(
        "This one is over: go on with Next challenge."
        if over
        else f"Each check after the first costs {engine.CHECK_COST} points."
    )


def _check(challenge: Challenge, guess: LIFParams) -> None:
    """Callback: count the check of a guess; the next run works out what it is worth.

    The same guess once more, as by a double click, is no further check.
    """
    attempt = _attempt(challenge)
    if attempt.over or guess == attempt.guess:
        return
    attempt.checks += 1
    attempt.guess = guess


def _judge(challenge: Challenge) -> Score | None:
    """What the last check is worth; None before the first, or where it cannot be computed."""
    attempt = _attempt(challenge)
    guess = attempt.guess
    if guess is None:
        return None
    score = computed(lambda: cached_score(challenge, guess))
    if score is not None:
        attempt.best = max(attempt.best, engine.final(score.total, attempt.checks))
        attempt.over = attempt.over or all(v.is_right for v in score.verdicts)
    return score


def _reveal(challenge: Challenge) -> None:
    attempt = _attempt(challenge)
    attempt.over = attempt.revealed = True


def _verdict(challenge: Challenge, score: Score | None) -> None:
    """What the last check said; after the end also the truth."""
    attempt = _attempt(challenge)
    if score is None:
        if attempt.revealed:
            st.markdown(_table(challenge, None, truth=True))
        return
    solved = attempt.over and not attempt.revealed
    checks = "one check" if attempt.checks == 1 else f"{attempt.checks} checks"
    numbers, table = st.columns([1, 1.9], gap="medium")
    with numbers, st.container(horizontal=True, gap="medium"):
        st.metric("Points", f"{attempt.best}", f"after {checks}", width=122,
                  delta_color="off", delta_arrow="off",
                  help="70 for the hidden parameters, 30 for equal spikes, less "
                  f"{engine.CHECK_COST} for each check after the first; the best check counts.",
                  )  # fmt: skip
        st.metric("Spikes Γ", f"{score.gamma:.2f}", "1 is equal, 0 is chance", width=150,
                  delta_color="off", delta_arrow="off",
                  help="Coincidences within 2 ms under a fluctuating test current (Kistler, "
                  "Gerstner & van Hemmen 1997).",
                  )  # fmt: skip
    with table:
        if solved:
            st.success(f"You found it: {attempt.best} points after {checks}.")
        st.markdown(_table(challenge, score, truth=attempt.over))


def _table(challenge: Challenge, score: Score | None, *, truth: bool) -> str:
    """Verdicts of the last check as a table, with the secret values at the end of the game."""
    guess, secret, specs = _attempt(challenge).guess, challenge.secret, LIFParams.specs()
    head = ["Hidden parameter"]
    head += ["Checked", "Verdict"] if score is not None else []
    head += ["Secret"] if truth else []
    rows = [head, ["---"] * len(head)]
    verdicts = {v.name: engine.in_words(v) for v in score.verdicts} if score is not None else {}
    for name in challenge.names:
        unit = specs[name].unit
        row = [_upper(NAMES[name])]
        if name in verdicts:
            row += [f"{getattr(guess, name):g} {unit}", verdicts[name]]
        row += [f"{getattr(secret, name):g} {unit}"] if truth else []
        rows.append(row)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
