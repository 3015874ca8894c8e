"""What docs/deployment.md tells to run and to write into files, as it stands there."""

import re

from tests.support.environment import ROOT

DEPLOYMENT = (ROOT / "docs" / "deployment.md").read_text()


def blocks(language):
    """Return the fenced blocks of this language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", DEPLOYMENT, re.MULTILINE | re.DOTALL)
