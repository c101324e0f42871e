"""Many runs of the trainer over parameters and seeds, resumable, in one Parquet file.

`plan` reads a sweep's file, `table` keeps the results, `drive` does the runs, on local processes or
on a Dask cluster.
"""

from snncore.sweep.drive import Report as Report
from snncore.sweep.drive import keys as keys
from snncore.sweep.drive import run as run
from snncore.sweep.plan import Plan as Plan
from snncore.sweep.plan import Run as Run
from snncore.sweep.plan import read_plan as read_plan
from snncore.sweep.table import Table as Table
