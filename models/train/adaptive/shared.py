"""Where this recipe finds the one beside it: import this before `model`, `train` and the others."""

import sys
from pathlib import Path

TRAIN = Path(__file__).resolve().parents[1]
sys.path.append(str(TRAIN))
MODELS = TRAIN.parent

# One document chunk by chunk: 64 targets a step, and what attends also sees 192 inputs before them.
CHUNK, CONTEXT = 64, 192
