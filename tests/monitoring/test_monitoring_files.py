"""The dashboard and the alert rules ask for metrics that exist."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from monitoring_house import NOW_MS, destination, member, overview, source

from notifier.monitoring.gauges import gauges
from notifier.monitoring.metrics import Meters
from notifier.store.service_state import SlackConnections
from support import readme
from support.needs import needs

FOLDER = Path(str(files("notifier.monitoring"))) / "files"
METRIC = re.compile(r"notifier_\w+")


def exposed() -> Iterator[str]:
    """Return the names of all series, those of histograms with their suffixes."""
    meters = Meters()
    all_there_is = replace(
        overview(source(), destination(), slack=SlackConnections()), members=(member("one"),)
    )
    known = gauges(all_there_is, now_ms=NOW_MS, interval_ms=15_000, budget_left={})
    for registry in (meters.registry, known):
        for family in registry.collect():
            yield family.name
            yield from (f"{family.name}_{suffix}" for suffix in ("total", "bucket"))


def expressions() -> list[str]:
    dashboard = json.loads((FOLDER / "dashboard.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return [*asked, *alerts()]


def alerts() -> list[str]:
    return re.findall(r"expr: (.*)", (FOLDER / "alerts.yml").read_text())


def test_every_metric_that_is_asked_for_exists() -> None:
    asked = {name for expression in expressions() for name in METRIC.findall(expression)}
    assert len(asked) > 8
    assert asked - {*exposed()} == set()


def test_there_is_an_alert_for_every_metric_that_readme_worries_about() -> None:
    asked = " ".join(alerts())
    assert [name for name in readme.first_column("metric") if name not in asked] == []


def test_the_alert_rules_load_with_the_scrape_configuration() -> None:
    # It checks the rules that the configuration names, too.
    command = [needs("promtool"), "check", "config", str(FOLDER / "prometheus.yml")]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert f"{len(alerts())} rules found" in checked.stdout
