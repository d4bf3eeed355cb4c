"""The first example of docs/job-files.md as it stands there: an Airflow DAG that is scheduled since a day long ago."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "job-files.md"

(code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[:1]
exec(compile(code, __file__, "exec"))
