"""Points in the plane, classified by spiking neurons that have learnt to.

points → receptive fields → spikes → (hidden neurons) → one neuron per class → decision by the
number of spikes, or by the first. `train` is the experiment; `respond`, `decision_map`, `raster`
and `lines` look into what it learnt.
"""

from __future__ import annotations

from snncore.classifier.answers import Model as Model
from snncore.classifier.answers import Plane as Plane
from snncore.classifier.answers import Raster as Raster
from snncore.classifier.answers import Response as Response
from snncore.classifier.answers import cell_of as cell_of
from snncore.classifier.answers import decision_map as decision_map
from snncore.classifier.answers import grid as grid
from snncore.classifier.answers import raster as raster
from snncore.classifier.answers import respond as respond
from snncore.classifier.controls import Controls as Controls
from snncore.classifier.data import Bounds as Bounds
from snncore.classifier.data import Points as Points
from snncore.classifier.data import Split as Split
from snncore.classifier.data import make_points as make_points
from snncore.classifier.data import split as split
from snncore.classifier.decision import decide as decide
from snncore.classifier.inputs import CLICK as CLICK
from snncore.classifier.inputs import MAP as MAP
from snncore.classifier.inputs import channels as channels
from snncore.classifier.iso import IsoLine as IsoLine
from snncore.classifier.iso import Level as Level
from snncore.classifier.iso import drive_at as drive_at
from snncore.classifier.iso import firing_period as firing_period
from snncore.classifier.iso import has_lines as has_lines
from snncore.classifier.iso import iso_drives as iso_drives
from snncore.classifier.iso import levels as levels
from snncore.classifier.iso import lines as lines
from snncore.classifier.model_file import load_model as load_model
from snncore.classifier.model_file import save_model as save_model
from snncore.classifier.network import Network as Network
from snncore.classifier.params import DATA as DATA
from snncore.classifier.params import THRESHOLD as THRESHOLD
from snncore.classifier.params import ClassifierParams as ClassifierParams
from snncore.classifier.points_csv import read_points as read_points
from snncore.classifier.seed import seed_accuracy as seed_accuracy
from snncore.classifier.seed import seed_model as seed_model
from snncore.classifier.session import Curves as Curves
from snncore.classifier.session import DecisionScore as DecisionScore
from snncore.classifier.session import Result as Result
from snncore.classifier.session import Snapshot as Snapshot
from snncore.classifier.session import train as train
