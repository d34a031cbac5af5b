"""What is built for others to install, and what comes with it."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
