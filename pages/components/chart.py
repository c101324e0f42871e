"""A Vega-Lite chart of `snncore.plots` on the page.

`st.vega_lite_chart` sends a pandas table through a general conversion of one or two milliseconds;
a chart has up to ten, and fifty visitors move a slider at once. Plain columns need a tenth of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import streamlit as st

from snncore.plots.vega import Columns


def vega_chart(spec: dict[str, Any], **more: Any) -> Any:
    """`st.vega_lite_chart(spec=spec, **more)`; NaN become nulls, as there."""
    tables = {name: _arrow(table) for name, table in spec.get("datasets", {}).items()}
    return st.vega_lite_chart(spec=spec | {"datasets": tables}, **more)


def _arrow(table: pd.DataFrame | Columns) -> pa.Table:
    arrays = {str(name): np.ascontiguousarray(column) for name, column in table.items()}
    return pa.table({name: pa.array(one, from_pandas=True) for name, one in arrays.items()})
