"""Puts the results of run.py into docs/benchmarks.md, as its last section.

  python benchmarks/backends/report.py results.json docs/benchmarks.md
"""

import json
import os
import pathlib
import platform
import subprocess
import sys

HEADING = "## Network backends"


def section(results):
  commit = subprocess.run(["git", "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True).stdout.strip()
  machine = f"{os.cpu_count()} cores, Linux {platform.release().split('-')[0]}, Python {platform.python_version()}"
  lines = [
    HEADING, "",
    f"Written by `make bench-backends` at commit {commit} ({machine}); servers and clients on the same machine.",
    "Rows of 384 dimensions with a string and a number each, the same index state and durability on each side",
    "(`benchmarks/backends/run.py` says what each side does). The bare writer sends bytes encoded beforehand, the bare search",
    "is a loop in C over libpq, hiredis or libcurl; the library is called from Python, as the client is, and from C, as the bare",
    "protocol. More is better in the bulk's ratios, less in the others. Ratios swing by a tenth from run to run, now and then by",
    "a quarter: the server sets the pace.", "",
    "| backend | bulk over client | bulk over bare | from C | CPU a row, of client's | from C | search p50 over bare "
    "| CPU a search, of client's | from C | bare |",
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
  ]
  for backend, found in results["backends"].items():
    bulk, search = found["bulk"], found["search"]
    row, each = bulk["cpu_us_a_row"], search["cpu_us"]
    lines.append(
      f"| {backend} ({found['client']}) | {bulk['speed_over_client']:.2f} | {bulk['speed_over_bare']:.2f} "
      f"| {bulk['speed_from_c_over_bare']:.2f} | {bulk['cpu_over_client']:.2f} | {row['from C'] / row['client']:.2f} "
      f"| {search['latency_over_bare']:.2f} | {search['cpu_over_client']:.2f} | {each['from C'] / each['client']:.2f} "
      f"| {each['bare'] / each['client']:.2f} |")
  sides = ("ours", "from C", "client", "bare")
  lines += [
    "", f"What they are made of, {results['rows']:,} rows each:", "",
    "| backend | rows/s | from C | client's | bare | CPU µs/row | from C | client's | bare "
    "| search p50, ms | CPU µs/search | from C | client's | bare |",
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
  ]
  for backend, found in results["backends"].items():
    rate, cpu, each = found["bulk"]["rows_per_second"], found["bulk"]["cpu_us_a_row"], found["search"]["cpu_us"]
    lines.append(
      f"| {backend} | " + " | ".join(f"{rate[side]:,.0f}" for side in sides) + " | "
      + " | ".join(f"{cpu[side]:.1f}" for side in sides) + f" | {found['search']['p50_ms']['ours']:.2f} | "
      + " | ".join(f"{each[side]:.0f}" for side in sides) + " |")
  for backend, found in results["backends"].items():
    if "speed_over_insert" in found["bulk"]:
      bulk = found["bulk"]
      lines += [
        "",
        f"{backend}: beside it an insertion with the client that replaces nothing, as the bare writer's: "
        f"{bulk['rows_per_second']['insert']:,.0f} rows/s, {bulk['cpu_us_a_row']['insert']:.1f} µs a row; "
        f"the library's upsert is {bulk['speed_over_insert']:.2f} times as fast.",
      ]
  return "\n".join(lines) + "\n"


results, document = json.loads(pathlib.Path(sys.argv[1]).read_text()), pathlib.Path(sys.argv[2])
before = document.read_text().split(HEADING)[0].rstrip()
document.write_text(f"{before}\n\n{section(results)}")
