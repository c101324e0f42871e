"""How the page tests open a page: through the entry script, as a visitor with a link does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]


def open_page(page: str = "", **query: str) -> AppTest:
    """Run `page` (home if empty) with this query in its address; it must raise nothing."""
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=60).run()
    if page:
        app.switch_page(page)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
    assert not app.exception, app.exception
    return app


def components(app: AppTest) -> list[Any]:
    """The page's own components: not those of the tour, which its frame mounts."""
    found = app.get("bidi_component")
    return [part for part in found if not part.proto.component_name.startswith("tour")]


def chart_data(app: AppTest, index: int = 0) -> dict[str, pd.DataFrame]:
    """The tables that the page sent with one of its charts, by their names."""
    chart = app.get("vega_lite_chart")[index]
    return {
        table.name: pa.ipc.open_stream(table.data.data).read_pandas()
        for table in chart.proto.datasets
    }
