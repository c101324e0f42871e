"""A trained network: what classifies an image, its files, and users' own pictures.

`network` the network and its answers, `files` saving and loading a run, `picture` a picture of
one's own in the form of the training images, `nir_graph` the export to other simulators.
"""

from snncore.trained.files import KIND as KIND
from snncore.trained.files import SavedRun as SavedRun
from snncore.trained.files import load as load
from snncore.trained.files import save as save
from snncore.trained.network import TEST_SAMPLES as TEST_SAMPLES
from snncore.trained.network import Predicted as Predicted
from snncore.trained.network import Trained as Trained
from snncore.trained.network import predict as predict
from snncore.trained.nir_graph import export_nir as export_nir
from snncore.trained.nir_graph import nir_graph as nir_graph
from snncore.trained.picture import Prepared as Prepared
from snncore.trained.picture import prepare as prepare
