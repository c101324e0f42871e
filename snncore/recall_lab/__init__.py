"""The laboratory of associative memory: whole recalls with their scores, and instruments.

An `Ask` says which pictures are stored, how they are damaged and which memory is asked;
`experiment` answers it, `stream` shows the way there, `compare` asks all memories the same.
"""

from snncore.recall_lab.ask import RANDOM, Ask, Picture, Source, default_source, load_patterns
from snncore.recall_lab.compare import Comparison, Row, compare
from snncore.recall_lab.export import command, command_lacks, described, npz, scores_csv, script
from snncore.recall_lab.film import Frame, film, spikes_of
from snncore.recall_lab.marks import answer_of
from snncore.recall_lab.recall import Recall, recall
from snncore.recall_lab.rules import RULES, Rule, check_mode, limit, rules_for
from snncore.recall_lab.scores import CAP_DB, TOLERANCE
from snncore.recall_lab.session import Answer, Progress, assumed_noise, experiment, stream
from snncore.recall_lab.settings import RecallParams
from snncore.recall_lab.warm import is_compiled

__all__ = [
    "CAP_DB",
    "RANDOM",
    "RULES",
    "TOLERANCE",
    "Answer",
    "Ask",
    "Comparison",
    "Frame",
    "Picture",
    "Progress",
    "Recall",
    "RecallParams",
    "Row",
    "Rule",
    "Source",
    "answer_of",
    "assumed_noise",
    "check_mode",
    "command",
    "command_lacks",
    "compare",
    "default_source",
    "described",
    "experiment",
    "film",
    "is_compiled",
    "limit",
    "load_patterns",
    "npz",
    "recall",
    "rules_for",
    "scores_csv",
    "script",
    "spikes_of",
    "stream",
]
