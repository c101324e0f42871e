"""Every preset shows what its sentence says."""

import math

import numpy as np
import pytest

from snncore import theory
from snncore.playground import PRESETS, play
from snncore.theory import CONSTANT


def run(name):
    return play(PRESETS[name].setup)


def times(name):
    return run(name).spike_times


def gaps(name):
    return np.diff(times(name))


def bursts(name, pause):
    """How many spikes come in each group; a new group begins after `pause` ms."""
    t = times(name)
    return np.diff(np.flatnonzero(np.diff(t, prepend=-1e9, append=1e9) > pause)).tolist()


def test_names_notices_and_groups():
    notices = [p.notice for p in PRESETS.values()]
    assert len(set(notices)) == len(notices)
    for p in PRESETS.values():
        assert p.notice.endswith(".") and 20 < len(p.notice) < 100 and p.notice.count(". ") == 0
        assert p.setup.run.duration <= 2000
    assert len({p.setup.model for p in PRESETS.values()}) == 10
    letters = [name[1] for name in PRESETS if name.startswith("(")]
    assert "".join(letters) == "ABCDEFGHIJKLMNOPQR"  # S and T: see presets/izhikevich.py


def test_the_plain_neurons():
    assert np.ptp(gaps("Tonic")) < 1e-9
    rheobase = run("Rheobase")
    assert rheobase.summary.rheobase_na == 2.0
    close = np.count_nonzero(rheobase.v > -51)  # within 1 mV of the threshold
    assert close > 0.35 * rheobase.v.size
    assert min(times("Step")) > 100 and max(times("Step")) < 400
    ramp = run("Ramp")
    assert np.all(np.diff(gaps("Ramp")[:20]) < 0)
    assert ramp.current[ramp.spike_steps[0]] > 2.0
    assert np.interp(ramp.spike_times[0] - 100, ramp.t, ramp.current) < 2.0
    np.testing.assert_allclose(gaps("Pulses")[2:], 36, atol=1e-3)  # every third
    sine = run("Sine")
    assert np.all(sine.current[sine.spike_steps] > 1.6)
    late = gaps("Phase locking")[8:]
    np.testing.assert_allclose(late, 1000 / 29, atol=0.1)
    assert gaps("Refractory limit").min() > 5 and gaps("Refractory limit").mean() < 5.5
    demo = PRESETS["Seed demo"].setup
    assert demo.stimulus.current + demo.stimulus.amplitude == pytest.approx(
        20 * theory.rheobase(demo.neuron)
    )
    assert 1000 / gaps("Seed demo").min() > 950


def test_noise():
    fired = run("Noise-induced firing")
    assert PRESETS["Noise-induced firing"].setup.stimulus.current < 0.8 * fired.summary.rheobase_na
    assert fired.summary.count > 5 and fired.summary.cv > 0.5
    assert run("Noise against drift").summary.cv < 0.4
    poisson = run("Poisson input")
    assert poisson.summary.count > 10
    assert PRESETS["Poisson input"].setup.stimulus.current == 0
    assert run("Coloured noise").summary.cv > run("Noise against drift").summary.cv + 0.3
    assert PRESETS["Frozen noise"].setup.stimulus.frozen


def test_synapses():
    delayed = run("Synaptic current")
    current = delayed.others["i_syn"]
    assert np.interp(70, delayed.t, current) == pytest.approx(2.6 * (1 - math.exp(-1)), rel=0.01)
    assert delayed.spike_times[0] > 50 + 20 * math.log(2.6 * 10 / 6) + 10  # the plain neuron's
    alpha = run("Alpha synapse")
    assert alpha.summary.count == 4 and np.all(alpha.spike_times % 100 > 40)  # pulses: 30 to 40


@pytest.mark.parametrize(
    "name", ["Adaptive threshold", "AdEx adapting", "(F) Spike frequency adaptation"]
)
def test_adaptation_makes_the_last_interval_longer_than_the_first(name):
    g = gaps(name)
    assert g[-1] > 1.5 * g[0] and np.all(np.diff(g[:4]) > 0)


def test_adex_patterns():
    tonic = gaps("AdEx tonic")
    assert np.ptp(tonic[3:]) < 0.05 * tonic.mean()
    initial = gaps("AdEx initial burst")
    assert initial[0] < 10 and initial[1] < 10 and initial[2:].min() > 40
    assert np.ptp(initial[4:]) < 1
    faster = gaps("AdEx delayed accelerating")[:-1]  # the last one is cut by the step's end
    assert np.all(np.diff(faster) < 0) and times("AdEx delayed accelerating")[0] > 20 + 30
    assert len(times("AdEx transient")) == 1
    irregular = gaps("AdEx irregular")
    assert irregular.size > 30 and np.unique(np.round(irregular, 6)).size == irregular.size
    assert irregular.std() / irregular.mean() > 0.4


@pytest.mark.parametrize(
    ("name", "pause", "least"),
    [
        ("AdEx bursting", 50, 2),
        ("AdEx delayed bursting", 25, 4),
        ("(C) Tonic bursting", 20, 4),
    ],
)
def test_bursts_repeat_with_pauses_between_them(name, pause, least):
    g = gaps(name)
    short, long = g[g < pause / 2], g[g > pause]
    assert short.size + long.size == g.size  # two kinds of intervals, and nothing between
    assert long.size >= 2 and min(bursts(name, pause)[:-1]) >= least


def test_single_bursts():
    assert len(times("(D) Phasic bursting")) > 3 and max(times("(D) Phasic bursting")) < 100
    mixed = gaps("(E) Mixed mode")
    assert mixed[:2].max() < 5 and np.ptp(mixed[3:]) < 1 and mixed[3:].min() > 25
    rebound = times("(N) Rebound burst")
    assert len(rebound) > 5 and rebound[0] > 25 and rebound[-1] < 160


def test_izhikevichs_features_with_a_spike_or_none():
    assert gaps("(A) Tonic spiking")[-1] == pytest.approx(26.8, abs=0.5)
    assert len(times("(B) Phasic spiking")) == 1
    class_1 = run("(G) Class 1")
    assert np.all(np.diff(np.diff(class_1.spike_times)) < 0)
    assert 1000 / np.diff(class_1.spike_times)[0] < 0.4 * 1000 / np.diff(class_1.spike_times)[-1]
    assert 1000 / gaps("(H) Class 2")[0] > 45
    latency = times("(I) Spike latency")
    assert len(latency) == 1 and latency[0] > 13 + 8
    rings = run("(J) Subthreshold oscillations")
    after = rings.v[rings.t > 45]
    turns = np.flatnonzero(np.diff(np.sign(np.diff(after))) != 0)
    assert len(rings.spike_times) == 1 and turns.size >= 3
    assert len(times("(K) Resonator")) == 1 and 222 < times("(K) Resonator")[0] < 250
    assert len(times("(L) Integrator")) == 1 and 225 < times("(L) Integrator")[0] < 240
    assert len(times("(M) Rebound spike")) == 1 and times("(M) Rebound spike")[0] > 25
    assert len(times("(O) Threshold variability")) == 1
    assert times("(O) Threshold variability")[0] > 80
    on = times("(P) Bistability")
    assert len(on) == 5 and 120 < on[0] < 130 and on[-1] < 290
    dap = run("(Q) Depolarizing after-potential")
    after = dap.t > dap.spike_times[0] + 2
    assert len(dap.spike_times) == 1 and dap.v[after].max() > dap.v[0] + 5
    assert times("(R) Accommodation")[0] > 500


def test_class_1_and_the_integrator_are_izhikevichs_other_parabola():
    # v' = 0.04 v² + 4.1 v + 108 − u + I of his figure, by Euler at 0.5 µs in his own variables.
    setup = PRESETS["(L) Integrator"].setup
    wave = (setup.waveform() - setup.stimulus.current) * 10
    v, u, dt, spikes = -60.0, 6.0, 0.005, []
    for k in range(round(400 / dt)):
        current = wave[int(k * dt / 0.1 + 1e-9)]
        v, u = (
            v + dt * (0.04 * v * v + 4.1 * v + 108 - u + current),
            u + dt * 0.02 * (-0.1 * v - u),
        )
        if v >= 30:
            spikes.append(k * dt)
            v, u = -55.0, u + 6.0
    assert len(spikes) == 1
    # He starts at rest under the constant part, we 100 ms before: e^(−2) of u is still on its way.
    assert spikes[0] == pytest.approx(times("(L) Integrator")[0], abs=0.5)


@pytest.mark.parametrize(
    ("name", "low_hz", "high_hz"),
    [("Resonator under a chirp", 10, 45), ("Hodgkin–Huxley under a chirp", 30, 110)],
)
def test_a_resonator_answers_a_chirp_inside_its_band_only(name, low_hz, high_hz):
    setup = PRESETS[name].setup
    s, t = setup.stimulus, times(name)
    f = s.chirp_from_hz + (s.chirp_to_hz - s.chirp_from_hz) * t / setup.run.duration
    assert len(t) > 4 and f.min() > low_hz and f.max() < high_hz
    assert s.chirp_to_hz > 1.5 * f.max()


def test_nerves():
    relaxed = gaps("FitzHugh–Nagumo: relaxation")
    onset = CONSTANT["fitzhugh_nagumo"].onset(PRESETS["FitzHugh–Nagumo: relaxation"].setup.neuron)
    assert onset.current_na < 0.5 < onset.end_na and np.ptp(relaxed[1:]) < 0.5
    assert len(times("FitzHugh–Nagumo: excitable")) == 1
    tonic = run("Hodgkin–Huxley: tonic")
    assert tonic.summary.last_rate_hz == pytest.approx(68.3, abs=0.5)
    anode = times("Hodgkin–Huxley: anode break")
    assert len(anode) == 1 and anode[0] > 50
    np.testing.assert_allclose(gaps("Hodgkin–Huxley: every other pulse"), 14, atol=0.4)
    block = run("Hodgkin–Huxley: depolarisation block")
    assert block.summary.count == 1 and np.all(block.others["h"][block.t > 20] < 0.3)


def test_creep_and_upstroke():
    creep = PRESETS["Quadratic creep"].setup
    onset = CONSTANT["qif"].onset(creep.neuron).current_na
    assert onset < creep.stimulus.current < 1.1 * onset
    assert 0 < run("Quadratic creep").summary.last_rate_hz < 4
    upstroke = run("Exponential upstroke")
    assert (
        np.count_nonzero(np.abs(upstroke.v - PRESETS["Exponential upstroke"].setup.neuron.v_th) < 2)
        > 200
    )
