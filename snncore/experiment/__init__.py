"""The whole experiment as a generator of progress reports: learn, count, read out, control.

`data` the images, `run` the phases, `result` what is reported, `measure` counts and readouts,
`watching`, `running` and `probe` the running figures, `clock` how long it takes, `memory` whether
it fits, `rehearsal` what compiles, `saving` checkpoints, `seeds` and `curves` many runs.
"""

from snncore.experiment.curves import CurvePoint as CurvePoint
from snncore.experiment.curves import label_curve as label_curve
from snncore.experiment.curves import size_curve as size_curve
from snncore.experiment.data import Data as Data
from snncore.experiment.data import from_sets as from_sets
from snncore.experiment.data import images_sha256 as images_sha256
from snncore.experiment.data import load_data as load_data
from snncore.experiment.memory import check_memory as check_memory
from snncore.experiment.memory import needed_bytes as needed_bytes
from snncore.experiment.result import FitPoint as FitPoint
from snncore.experiment.result import Live as Live
from snncore.experiment.result import Progress as Progress
from snncore.experiment.result import Result as Result
from snncore.experiment.result import Times as Times
from snncore.experiment.result import figures as figures
from snncore.experiment.result import weights_sha256 as weights_sha256
from snncore.experiment.run import run as run
from snncore.experiment.saving import Autosave as Autosave
from snncore.experiment.seeds import MeanStd as MeanStd
from snncore.experiment.seeds import SeedsProgress as SeedsProgress
from snncore.experiment.seeds import run_seeds as run_seeds
from snncore.experiment.seeds import summarise as summarise
