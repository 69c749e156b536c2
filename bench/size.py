"""How much a tablet downloads before the first visit: python -m bench.size (after hvapp assets)."""

import brotli

from bench.report import Report
from hvapp.settings import ROOT
from hvapp.web.assets import Assets


def main() -> None:
    assets = Assets.load(ROOT / "static" / "dist")
    sizes = {
        name: len(brotli.compress((assets.folder / assets.path(name)).read_bytes()))
        for name in [*assets.for_tablet(), "tablet.html"]
    }
    worker = len(brotli.compress((assets.folder / "sw.js").read_bytes()))
    code = sum(size for name, size in sizes.items() if name.endswith((".js", ".css"))) + worker
    report = Report("Download size, brotli")
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        print(f"    {name:<40} {size / 1024:7.1f} KB")
    print(f"    {'sw.js':<40} {worker / 1024:7.1f} KB")
    report.promise("code and styles", code / 1024, 120, "KB")
    report.promise("everything kept for offline use", (sum(sizes.values()) + worker) / 1024, 300, "KB")
    report.end()


if __name__ == "__main__":
    main()
