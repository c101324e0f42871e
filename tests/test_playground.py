"""The bench: summaries with theory, f–I curve, population, and the program that repeats a run."""

import csv
import io
import math
import subprocess
import sys

import numpy as np
import pytest

from snncore import theory
from snncore.neurons import LIFParams
from snncore.playground import (
    PopulationParams,
    fi_curve,
    numpy_script,
    play,
    population,
    theory_rates,
)
from snncore.playground.single import csv_text
from snncore.simulate import RunParams
from snncore.stimuli import StimulusParams

NEURON, RUN = LIFParams(), RunParams()
QUIET, NOISY = StimulusParams(), StimulusParams(current=2.0, sigma_v=3)


def test_the_neuron_that_opens_the_page_fires_at_a_physiological_rate():
    s = play(NEURON, QUIET, RUN).summary
    assert s.theory == "exact"
    assert s.theory_rate_hz == pytest.approx(1000 / (2 + 20 * math.log(4)), rel=1e-12)
    assert 10 < s.theory_rate_hz < 60
    assert abs(s.relative_error) < 0.004  # an interval of 29.7 ms ends at most 0.1 ms late
    assert s.first_spike_ms == pytest.approx(20 * math.log(5), abs=1e-9)
    assert s.first_spike_ms == pytest.approx(s.theory_first_spike_ms, abs=1e-9)
    assert s.rheobase_na == 2.0


def test_below_the_rheobase_theory_and_simulation_agree_on_silence():
    s = play(NEURON, StimulusParams(current=1.9), RUN).summary
    assert s.n_spikes == 0 and s.theory_rate_hz == 0.0 and s.relative_error == 0.0
    assert math.isnan(s.cv) and math.isnan(s.first_spike_ms) and math.isnan(s.theory_cv)


def test_the_seed_projects_sine_has_its_quasi_static_rate():
    demo = LIFParams(tau_m=10, r_m=100, v_rest=-65, v_reset=-70, v_th=-50, t_ref=0)
    sine = StimulusParams(current=1.5, amplitude=1.5, frequency_hz=10)
    s = play(demo, sine, RunParams(duration=100)).summary
    assert s.n_spikes in (68, 69)  # the midpoint of each step instead of its beginning
    assert s.theory == "quasi-static"
    assert s.theory_rate_hz == pytest.approx(723.04, abs=0.5)  # direct average over one cycle


@pytest.mark.parametrize(
    "stimulus",
    [
        StimulusParams(current=1.0, step_current=2.0, step_on=0, step_off=1e5),
        StimulusParams(current=3.0, amplitude=1e-9, frequency_hz=4),
    ],
    ids=["step", "sine"],
)
def test_a_drive_without_noise_has_the_rate_of_its_grid(stimulus):
    rates = theory_rates(NEURON, stimulus, RunParams(dt=2, duration=2000))
    assert rates.kind == "quasi-static"
    assert rates.rate_hz == pytest.approx(49.199, abs=1e-3)
    assert rates.grid_rate_hz == pytest.approx(1000 / 22)  # 10 steps to rise, 1 of rest


def test_noise_is_compared_with_siegert():
    s = play(NEURON, NOISY, RunParams(duration=20_000)).summary
    assert s.theory == "Siegert" and s.compared == "rate_hz"
    assert s.theory_grid_rate_hz < s.theory_rate_hz
    # 20 s at about 17 Hz, CV 0.6: known to 0.6/√340 = 3.3 %.
    assert s.rate_hz == pytest.approx(s.theory_grid_rate_hz, rel=0.1)
    assert s.cv == pytest.approx(s.theory_cv, abs=0.12)


def test_without_a_reset_there_is_no_theory():
    rates = theory_rates(LIFParams(reset="none"), QUIET, RUN)
    assert rates.kind == "none" and math.isnan(rates.rate_hz)


def test_the_curve_lies_on_its_theory():
    curve = fi_curve(NEURON, QUIET, RUN)
    assert curve.currents[0] < 2.0 < curve.currents[-1]
    expected = theory.grid_rate_hz(NEURON, curve.currents, RUN.dt)
    fast = expected > 2
    assert fast.sum() > 15
    np.testing.assert_allclose(curve.measured_hz[fast], expected[fast], rtol=2e-3)
    assert np.all(curve.measured_hz[curve.currents < 2.0] == 0)
    assert curve.noisy_hz is None


def test_the_curve_with_noise_lies_on_siegerts():
    curve = fi_curve(NEURON, NOISY, RUN)
    expected = theory.noisy_rate_hz(NEURON, curve.currents, 3.0, RUN.dt)
    # Each dot counts about 2·rate spikes, so its variance is below that of a Poisson process.
    allowed = 4 * np.sqrt(np.maximum(expected, 1) / (curve.duration / 1000))
    assert np.all(np.abs(curve.measured_hz - expected) < allowed)
    assert abs((curve.measured_hz - expected).mean()) < 0.6
    assert curve.noisy_hz is not None and curve.noisy_hz.min() > 0


@pytest.mark.parametrize("operating", [-10.0, 0.0, 1.99, 2.0, 2.5, 10.0])
def test_the_curve_always_shows_rheobase_and_operating_point(operating):
    curve = fi_curve(NEURON, StimulusParams(current=operating), RunParams(dt=1))
    assert curve.currents[0] < min(2.0, operating)
    assert curve.currents[-1] > max(2.0, operating)


def test_the_first_of_the_population_is_the_single_neuron():
    single = play(NEURON, NOISY, RUN)
    crowd = population(NEURON, NOISY, RUN, 50)
    assert len(single.spike_steps) > 3
    assert np.flatnonzero(crowd.spikes[:, 0]).tolist() == single.spike_steps.tolist()
    assert not np.array_equal(crowd.spikes[:, 0], crowd.spikes[:, 1])


def test_the_population_rate_settles_on_the_theory():
    crowd = population(NEURON, NOISY, RunParams(duration=1000), 200)
    settled = crowd.bins > 300
    rate, expected = crowd.rate_hz[settled].mean(), crowd.theory_hz[settled].mean()
    # 200 neurons · 0.7 s at 17 Hz: 2400 spikes with CV 0.6.
    assert rate == pytest.approx(expected, rel=0.06)
    assert crowd.rate_hz[:1].mean() < expected / 4  # all start at rest
    total = crowd.rate_hz.sum() * crowd.bin_width / 1000 * 200
    assert total == pytest.approx(crowd.spikes.sum(), rel=1e-9)


def test_a_drive_without_noise_is_given_some_and_long_runs_are_cut():
    crowd = population(NEURON, QUIET, RunParams(duration=5000), PopulationParams().size)
    assert crowd.sigma_v == 2.0
    assert crowd.spikes.size <= 2_500_000 and crowd.duration < 5000


SINE = StimulusParams(
    current=1.5, amplitude=1.5, frequency_hz=10, phase=-90, step_current=0.3, sigma_v=4
)
EDGES = LIFParams(tau_m=9.7, r_m=11, v_rest=-70.5, v_reset=-66, t_ref=1.7)


@pytest.mark.parametrize(
    ("neuron", "stimulus"),
    [
        (NEURON, QUIET),
        (EDGES, SINE),
        (LIFParams(reset="subtract", t_ref=0), NOISY),
        (LIFParams(reset="none"), StimulusParams(current=1.5, amplitude=2)),
        (NEURON, StimulusParams(current=0)),
    ],
    ids=["constant", "everything", "subtract", "none", "silent"],
)
def test_the_exported_program_gives_the_same_spikes_in_a_fresh_interpreter(
    neuron, stimulus, tmp_path
):
    run = RunParams(duration=600, dt=0.05, seed=2**40 + 7)
    result = play(neuron, stimulus, run)
    file = tmp_path / "run.py"
    file.write_text(numpy_script(neuron, stimulus, run), encoding="utf-8")
    output = subprocess.run(
        [sys.executable, "-I", str(file)], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    rows = list(csv.DictReader(io.StringIO(output)))
    assert [int(row["step"]) for row in rows] == result.spike_steps.tolist()
    assert [row["time_ms"] for row in rows] == [f"{t:.9f}" for t in result.spike_times]
    assert len(rows) > 5 or stimulus.current == 0


def test_the_table_has_every_step_and_marks_the_spikes():
    result = play(NEURON, QUIET, RunParams(duration=100))
    rows = list(csv.DictReader(io.StringIO(csv_text(result))))
    assert len(rows) == 1000
    assert [k for k, row in enumerate(rows) if row["spike"] == "1"] == result.spike_steps.tolist()
    assert [float(row["v_mv"]) for row in rows] == result.v.tolist()
    assert rows[2]["t_ms"] == "0.3"
