"""Sending pictures and signals through spike codes, and judging what arrives.

`Channel` is one code at work; the other modules measure it: scores, information, robustness, the
law of its intervals, rate against distortion, and the best setting under a budget of spikes.
"""

from snncore.transmission.activity import Activity as Activity
from snncore.transmission.activity import activity as activity
from snncore.transmission.activity import together as together
from snncore.transmission.channel import Channel as Channel
from snncore.transmission.channel import Sent as Sent
from snncore.transmission.distortion import Point as Point
from snncore.transmission.distortion import Sweep as Sweep
from snncore.transmission.distortion import pareto as pareto
from snncore.transmission.distortion import rate_distortion as rate_distortion
from snncore.transmission.export import archive as archive
from snncore.transmission.export import events_csv as events_csv
from snncore.transmission.information import Information as Information
from snncore.transmission.information import information as information
from snncore.transmission.information import information_of as information_of
from snncore.transmission.intervals import Histogram as Histogram
from snncore.transmission.intervals import interval_histogram as interval_histogram
from snncore.transmission.progress import Unfolding as Unfolding
from snncore.transmission.progress import unfolding as unfolding
from snncore.transmission.robustness import Curve as Curve
from snncore.transmission.robustness import damaged as damaged
from snncore.transmission.robustness import robustness as robustness
from snncore.transmission.scores import Scores as Scores
from snncore.transmission.scores import combined as combined
from snncore.transmission.scores import scores as scores
from snncore.transmission.scores import scores_of as scores_of
from snncore.transmission.script import LIBRARIES as LIBRARIES
from snncore.transmission.script import script as script
from snncore.transmission.script import tensor_snippet as tensor_snippet
from snncore.transmission.survey import Row as Row
from snncore.transmission.survey import Survey as Survey
from snncore.transmission.survey import survey as survey
from snncore.transmission.tuning import Search as Search
from snncore.transmission.tuning import Tuned as Tuned
from snncore.transmission.tuning import tune as tune
