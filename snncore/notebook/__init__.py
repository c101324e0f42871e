"""For notebooks and scripts: one function for each thing the dashboard does, with results that show
themselves.

    import snncore

    run = snncore.lif(current=2.5, duration=200)       # a neuron; run.summary, run.v, run.spikes
    sent = snncore.encode(picture, "poisson")          # spikes [T, M] and what is read back
    answer = snncore.recall("icons", rule="modern")    # a damaged picture restored
    net = snncore.train("digits", neurons=100)         # a layer that learns by STDP, read out

In Jupyter a result as the last line of a cell is a picture with its numbers; in a terminal it is
one line. `result.png()` has the picture's bytes. Everything that a function takes by name is the
parameter of that name on the page and on the command line.
"""

from snncore.notebook.networks import Network as Network
from snncore.notebook.networks import Recalled as Recalled
from snncore.notebook.networks import recall as recall
from snncore.notebook.networks import train as train
from snncore.notebook.shown import Shown as Shown
from snncore.notebook.single import Encoded as Encoded
from snncore.notebook.single import Neuron as Neuron
from snncore.notebook.single import encode as encode
from snncore.notebook.single import lif as lif

__all__ = ["Encoded", "Network", "Neuron", "Recalled", "Shown", "encode", "lif", "recall", "train"]
