"""The loader; the program is in the file beside it."""

import os

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "program.py"), encoding="utf-8") as f:
    exec(compile(f.read(), "program.py", "exec"))
