"""Every promise about speed and effort: python -m bench"""

import subprocess
import sys

PARTS = ("size", "push", "tablet", "opening", "rules", "taps")


def main() -> int:
    return max(
        subprocess.run([sys.executable, "-m", f"bench.{part}"], check=False).returncode for part in PARTS
    )


if __name__ == "__main__":
    sys.exit(main())
