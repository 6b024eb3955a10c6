"""`infra-ctl` that waits no longer for an end state than so many seconds.

python -m tests.hasty 10 deploy --yes
"""

from __future__ import annotations

import sys

from infra_ctl.cli import app
from infra_ctl.deploy import run

if __name__ == "__main__":
    run.END_STATE_SECONDS = float(sys.argv[1])
    sys.argv = ["infra-ctl", *sys.argv[2:]]
    app.main()
