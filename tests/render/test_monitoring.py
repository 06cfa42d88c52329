"""A comb is found by Prometheus, its promises are watched, and a dashboard shows it: asked of real programs."""

import json
import re
import subprocess
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

from comb_compiler.render import Manifest
from comb_compiler.render.monitoring.objectives import BOUNDS, FAILURES
from comb_compiler.render.promql import any_of, pods_of, quoted, select
from comb_compiler.runtime.codes import Code
from comb_compiler.runtime.engine.meters import BOUNDS as MEASURED
from comb_compiler.runtime.telemetry.metrics import FAMILIES
from tests.conftest import RequiresTool
from tests.render.rendering import CPUS, of_kind, rendered

PROMETHEUS = {"prometheus": {"url": "http://prometheus.monitoring.svc:9090"}}
PROMISES = {"errorRate": "1%", "timeoutRate": "0.5%", "p50": "200ms", "p95": "1200ms", "p99": "2s"}
ENTRY = "{namespace='vision',service='ocr'"


def only(made: tuple[Manifest, ...], kind: str) -> Mapping[str, Any]:
    [found] = of_kind(made, kind)
    return found


def rules(made: tuple[Manifest, ...]) -> list[Mapping[str, Any]]:
    return [rule for group in only(made, "PrometheusRule")["spec"]["groups"] for rule in group["rules"]]


def dashboard(made: tuple[Manifest, ...]) -> dict[str, Any]:
    [found] = [one for one in of_kind(made, "ConfigMap") if "grafana_dashboard" in one["metadata"]["labels"]]
    [(name, text)] = found["data"].items()
    model: dict[str, Any] = json.loads(text)
    assert name == f"{model['uid']}.json"
    return model


def queries(model: Mapping[str, Any]) -> list[str]:
    return [target["expr"] for panel in model["panels"] for target in panel.get("targets", ())]


def everything(directory: Path, **said: Any) -> tuple[Manifest, ...]:
    """A comb with all that there is to watch."""
    (directory / "m.bin").write_bytes(b"m")
    t4s = {"nodes": 2, "cpu": 16, "memory": "64Gi", "device": "t4", "devices": 2, "labels": {"gpu": "t4"}}
    cluster = {**PROMETHEUS, "nodePools": {"cpus": CPUS, "t4s": t4s}}
    on_gpus = {"resources": {"cpu": 1, "gpu": {"memory": "4Gi"}}, "devices": ["t4"], "out": "ocr.v1.Frame"}
    operators = {"find": {**on_gpus, "model": "m@1"}, "read": {}}
    comb = {
        "graph": {"found": "find(frame=$request)", "text": "read(frame=found)", "return": "text"},
        "models": {"m": {"versions": {"1": {"artifact": "m.bin", "sha256": sha256(b"m").hexdigest()}}}},
        "experiment": {"key": "request.user", "arms": {"a": {"weight": 1}, "b": {"weight": 1}}},
        "sla": PROMISES,
        **said,
    }
    return rendered(directory, operators, {"devices": {"t4": {"memory": "15Gi"}}}, cluster, **comb)


def test_prometheus_finds_every_process_by_its_operator(tmp_path: Path) -> None:
    made = everything(tmp_path)
    monitor = only(made, "ServiceMonitor")["spec"]
    for service in of_kind(made, "Service"):
        assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
        assert monitor["endpoints"][0]["port"] in {port["name"] for port in service["spec"]["ports"]}
        assert "annotations" not in service["metadata"]


def test_objects_carry_the_labels_by_which_the_operator_finds_them(tmp_path: Path) -> None:
    cluster = {"prometheus": {**PROMETHEUS["prometheus"], "labels": {"release": "monitoring"}}}
    made = rendered(tmp_path, {"find": {}}, cluster=cluster, sla=PROMISES)
    for kind in ("ServiceMonitor", "PrometheusRule"):
        assert only(made, kind)["metadata"]["labels"]["release"] == "monitoring"


def test_without_an_operator_services_say_where_metrics_are(tmp_path: Path) -> None:
    cluster = {"prometheus": {**PROMETHEUS["prometheus"], "serviceMonitors": False}}
    made = rendered(tmp_path, {"find": {}}, cluster=cluster, sla=PROMISES)
    said = only(made, "Service")["metadata"]["annotations"]
    assert said == {"prometheus.io/scrape": "true", "prometheus.io/port": "8080", "prometheus.io/path": "/metrics"}
    assert not [*of_kind(made, "ServiceMonitor"), *of_kind(made, "PrometheusRule")]
    assert dashboard(made)


def test_without_a_prometheus_there_is_nobody_to_tell(tmp_path: Path) -> None:
    made = rendered(tmp_path, {"find": {}}, sla=PROMISES)
    assert "annotations" not in only(made, "Service")["metadata"]
    assert not [*of_kind(made, "ServiceMonitor"), *of_kind(made, "PrometheusRule")]
    assert [
        one["metadata"]["name"] for one in of_kind(made, "ConfigMap") if "dashboard" in one["metadata"]["name"]
    ] == []


def test_what_is_not_promised_is_not_watched(tmp_path: Path) -> None:
    assert not list(of_kind(rendered(tmp_path, {"find": {}}, cluster=PROMETHEUS), "PrometheusRule"))
    made = rendered(tmp_path, {"find": {}}, cluster=PROMETHEUS, sla={"p99": "2s"})
    assert {rule["labels"].get("objective", "") for rule in rules(made)} == {"", "p99"}


def test_a_speed_that_no_share_could_reach_is_left_out(tmp_path: Path) -> None:
    """Half of the requests may be slower than p50: 14.4 times that many there cannot be."""
    made = rendered(tmp_path, {"find": {}}, cluster=PROMETHEUS, sla=PROMISES)
    windows = {
        name: [
            rule["labels"]["window"]
            for rule in rules(made)
            if rule["labels"].get("objective") == name and "alert" in rule
        ]
        for name in ("p50", "p95", "p99")
    }
    assert windows == {"p50": ["3d"], "p95": ["1h", "6h", "1d", "3d"], "p99": ["1h", "6h", "1d", "3d"]}


def test_a_latency_is_measured_at_the_next_bound_above_and_that_is_said(tmp_path: Path) -> None:
    found = rules(rendered(tmp_path, {"find": {}}, cluster=PROMETHEUS, sla=PROMISES))
    exact = [rule for rule in found if rule["labels"].get("objective") == "p99"]
    assert "le='2.0'" in exact[0]["expr"]
    assert "promised;" not in exact[-1]["annotations"]["description"]
    between = [rule for rule in found if rule["labels"].get("objective") == "p95"]
    assert "le='2.0'" in between[0]["expr"]
    assert "1.2 s are promised; buckets tell it at 2 s." in between[-1]["annotations"]["description"]


def test_bounds_and_codes_are_those_of_the_runtime() -> None:
    assert BOUNDS == MEASURED
    assert set(FAILURES) < {code.name for code in Code}


# Rules as Prometheus runs them.


def promtool(tool: Path, directory: Path, made: tuple[Manifest, ...], tests: list[Any]) -> None:
    """Prometheus's own tool checks the rules and what they say of some series; its complaint fails the test."""
    spec = only(made, "PrometheusRule")["spec"]
    (directory / "rules.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    # Groups are evaluated side by side: one that reads what another records may see that of a minute before.
    order = [group["name"] for group in spec["groups"]]
    whole = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "group_eval_order": order, "tests": tests}
    (directory / "test.yaml").write_text(yaml.safe_dump(whole), encoding="utf-8")
    for command in (["check", "rules", "rules.yaml"], ["test", "rules", "test.yaml"]):
        done = subprocess.run([tool, *command], cwd=directory, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def requests(code: str, values: str) -> dict[str, str]:
    return {
        "series": f'comb_requests_total{{namespace="vision",service="ocr",pod="p",arm="a",code="{code}"}}',
        "values": values,
    }


def bucket(bound: str, values: str) -> dict[str, str]:
    return {
        "series": f'comb_request_seconds_bucket{{namespace="vision",service="ocr",pod="p",arm="a",le="{bound}"}}',
        "values": values,
    }


def observed(values: str) -> dict[str, str]:
    return {"series": 'comb_request_seconds_count{namespace="vision",service="ocr",pod="p",arm="a"}', "values": values}


READY = {"series": 'comb_ready{namespace="vision",service="ocr",pod="p"}', "values": "1x6000"}


def speeds(made: tuple[Manifest, ...], after: str, objective: str, firing: list[str]) -> dict[str, Any]:
    """The alerts on an objective that fire after some time, by their long windows."""
    wanted = [
        {
            "exp_labels": rule["labels"],
            "exp_annotations": {
                **rule["annotations"],
                "description": rule["annotations"]["description"].replace("{{ $value | humanizePercentage }}", SHARE),
            },
        }
        for rule in rules(made)
        if "alert" in rule and rule["labels"].get("objective") == objective and rule["labels"]["window"] in firing
    ]
    return {"eval_time": after, "alertname": "CombBreaksPromise", "exp_alerts": wanted}


SHARE = "20%"


def broken(objective: str, directory: Path) -> tuple[Manifest, ...]:
    promised = {name: value for name, value in PROMISES.items() if name == objective}
    team = {"metadata": {"name": "ocr", "team": "content-safety"}}
    return rendered(directory, {"find": {}}, cluster=PROMETHEUS, sla=promised, **team)


@pytest.mark.parametrize("objective", ["errorRate", "timeoutRate", "p99"])
def test_a_promise_that_breaks_fast_is_told_within_an_hour(
    objective: str, tmp_path: Path, requires_tool: RequiresTool
) -> None:
    bad = {"errorRate": "INTERNAL", "timeoutRate": "DEADLINE_EXCEEDED", "p99": "OK"}[objective]
    series = [READY, requests("OK", "0+80x600"), requests(bad, "0+20x600")] if bad != "OK" else [
        READY, bucket("2.0", "0+80x600"), observed("0+100x600")
    ]  # fmt: skip
    made = broken(objective, tmp_path)
    case = {
        "interval": "1m",
        "input_series": series,
        "alert_rule_test": [speeds(made, "2h", objective, ["1h", "6h", "1d", "3d"])],
    }
    promtool(requires_tool("promtool"), tmp_path, made, [case])


@pytest.mark.parametrize(
    ("objective", "series"),
    [
        ("errorRate", [requests("OK", "0+1000x600"), requests("INTERNAL", "0+5x600")]),
        ("errorRate", [requests("OK", "0+80x600"), requests("INVALID_ARGUMENT", "0+80x600")]),
        ("errorRate", [requests("OK", "0+80x600"), requests("CANCELLED", "0+80x600")]),
        ("errorRate", [requests("OK", "0+80x600"), requests("DEADLINE_EXCEEDED", "0+80x600")]),
        ("errorRate", [requests("OK", "0x600"), requests("INTERNAL", "0x600")]),
        ("timeoutRate", [requests("OK", "0+80x600"), requests("INTERNAL", "0+80x600")]),
        ("timeoutRate", [requests("OK", "0+80x600")]),
        ("p99", [bucket("2.0", "0+1000x600"), observed("0+1005x600")]),
        ("p50", [bucket("0.2", "0+51x600"), observed("0+100x600")]),
    ],
)  # fmt: skip
def test_a_promise_that_is_kept_is_not_told(
    objective: str, series: list[Any], tmp_path: Path, requires_tool: RequiresTool
) -> None:
    made = broken(objective, tmp_path)
    silent = {
        "interval": "1m",
        "input_series": [READY, *series],
        "alert_rule_test": [speeds(made, "8h", objective, [])],
    }
    promtool(requires_tool("promtool"), tmp_path, made, [silent])


def test_an_alert_ends_soon_after_the_failures_do(tmp_path: Path, requires_tool: RequiresTool) -> None:
    made = broken("errorRate", tmp_path)
    series = [READY, requests("OK", "0+80x600"), requests("INTERNAL", "0+20x60 1200x600")]
    after = speeds(made, "70m", "errorRate", ["6h", "1d", "3d"])
    for one in after["exp_alerts"]:
        one["exp_annotations"]["description"] = one["exp_annotations"]["description"].replace(SHARE, "17.65%")
    promtool(
        requires_tool("promtool"),
        tmp_path,
        made,
        [{"interval": "1m", "input_series": series, "alert_rule_test": [after]}],
    )


def test_that_refusals_of_a_full_service_are_failures(tmp_path: Path, requires_tool: RequiresTool) -> None:
    made = broken("errorRate", tmp_path)
    refused = 'comb_requests_refused_total{namespace="vision",service="ocr",pod="p",by="%s"}'
    full = [READY, requests("OK", "0+80x600"), {"series": refused % "service", "values": "0+20x600"}]
    wrong = [READY, requests("OK", "0+80x600"), {"series": refused % "engine", "values": "0+20x600"}]
    cases = [
        {
            "interval": "1m",
            "input_series": full,
            "alert_rule_test": [speeds(made, "2h", "errorRate", ["1h", "6h", "1d", "3d"])],
        },
        {"interval": "1m", "input_series": wrong, "alert_rule_test": [speeds(made, "2h", "errorRate", [])]},
    ]
    promtool(requires_tool("promtool"), tmp_path, made, cases)


def test_a_comb_that_is_gone_is_told_though_nothing_fails(tmp_path: Path, requires_tool: RequiresTool) -> None:
    made = broken("errorRate", tmp_path)
    [gone] = [rule for rule in rules(made) if rule.get("alert") == "CombIsGone"]
    fires = {"exp_labels": gone["labels"], "exp_annotations": gone["annotations"]}
    other = {"series": 'comb_ready{namespace="vision",service="ocr-2"}', "values": "1x60"}
    unready = {"series": 'comb_ready{namespace="vision",service="ocr",pod="p"}', "values": "0x60"}
    cases = [
        {
            "interval": "1m",
            "input_series": series,
            "alert_rule_test": [{"eval_time": "10m", "alertname": "CombIsGone", "exp_alerts": alerts}],
        }
        for series, alerts in (
            ([READY], []),
            ([other], [fires]),
            ([unready], [fires]),
            ([READY, unready | {"series": unready["series"].replace('p"', 'q"')}], []),
        )
    ]
    promtool(requires_tool("promtool"), tmp_path, made, cases)


# The dashboard.


def test_every_metric_of_a_dashboard_is_one_that_is_exported(tmp_path: Path) -> None:
    known = {family.name for family in FAMILIES}
    known |= {
        f"{family.name}_{part}"
        for family in FAMILIES
        if family.kind == "histogram"
        for part in ("bucket", "sum", "count")
    }
    named = {name for query in queries(dashboard(everything(tmp_path))) for name in re.findall(r"\bcomb_\w+", query)}
    assert named <= known
    assert len(named) > 20


def test_every_label_of_a_query_is_one_that_the_metric_has(tmp_path: Path) -> None:
    found_by = {"namespace", "service", "pod", "le"}
    labels = {family.name: {*family.labels, *found_by} for family in FAMILIES}
    made = everything(tmp_path)
    for query in [*queries(dashboard(made)), *(rule["expr"] for rule in rules(made))]:
        for metric, selected in re.findall(r"\b(comb_[a-z_]+)\{([^}]*)\}", query):
            name = metric if metric in labels else re.sub(r"_(bucket|sum|count)$", "", metric)
            assert set(re.findall(r"(\w+)(?:=~|=|!=)'", selected)) <= labels[name], query
        for by in re.findall(r"by \(([^)]*)\)", query):
            assert set(by.split(", ")) <= {
                *found_by,
                *(one for some in labels.values() for one in some),
                "exported_pod",
            }


def test_every_query_is_one_that_prometheus_can_read(tmp_path: Path, requires_tool: RequiresTool) -> None:
    made = everything(tmp_path)
    read = [query.replace("$__rate_interval", "1m") for query in queries(dashboard(made))]
    groups = [
        {"name": "q", "rules": [{"record": "a:b", "labels": {"n": str(n)}, "expr": one} for n, one in enumerate(read)]}
    ]
    (tmp_path / "queries.yaml").write_text(yaml.safe_dump({"groups": groups}), encoding="utf-8")
    done = subprocess.run(
        [requires_tool("promtool"), "check", "rules", "queries.yaml"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_dashboard_is_laid_out_without_overlaps_and_each_panel_has_a_number(tmp_path: Path) -> None:
    panels = dashboard(everything(tmp_path))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert all(x < 24 for x, _ in cells)
        assert not cells & taken
        taken |= cells
        assert panel["type"] == "row" or panel["targets"]


def test_a_dashboard_shows_what_there_is(tmp_path: Path) -> None:
    def titles(made: tuple[Manifest, ...]) -> list[str]:
        return [panel["title"] for panel in dashboard(made)["panels"] if panel["type"] == "row"]

    assert titles(everything(tmp_path)) == [
        "Requests",
        "Latency",
        "Operators",
        "Arms and releases",
        "Models",
        "Processes",
        "Devices",
    ]
    assert titles(rendered(tmp_path, {"find": {}}, cluster=PROMETHEUS)) == [
        "Requests",
        "Latency",
        "Operators",
        "Processes",
    ]


def test_a_dashboard_keeps_its_address_through_releases(tmp_path: Path) -> None:
    first, second = (dashboard(everything(tmp_path, sla=sla))["uid"] for sla in (PROMISES, {"p99": "1s"}))
    assert first == second
    assert len(first) <= 40
    alerts = [rule["annotations"]["dashboard"] for rule in rules(everything(tmp_path)) if "alert" in rule]
    assert set(alerts) == {f"/d/{first}"}


# Names that are made to be taken for something else.

HOSTILE = ["it's", 'a"}', "a\\", "a\nb", "x'} or vector(1) #", "{{ $value }}", "a.b|c(d)[e]*+?^$"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_stays_a_name_in_a_query(name: str, tmp_path: Path, requires_tool: RequiresTool) -> None:
    """A series of that name is selected, one of another is not, both as it is and as an expression."""
    other = f"{name}x"
    rule = [
        {"record": "equal", "expr": f"count({select('a', {'n': name})})"},
        {"record": "like", "expr": f"count({select('a', {}, like={'n': any_of([name, 'z'])})})"},
        {"record": "unlike", "expr": f"count({select('a', {}, unlike={'n': name})})"},
    ]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": rule}]}), encoding="utf-8")
    said = [json.dumps(one, ensure_ascii=False) for one in (name, other)]
    series = [{"series": f"a{{n={one}}}", "values": "1x5"} for one in said]
    wanted = [
        {"expr": one["record"], "eval_time": "3m", "exp_samples": [{"labels": one["record"], "value": 1}]}
        for one in rule
    ]
    case = {"interval": "1m", "input_series": series, "promql_expr_test": wanted}
    whole = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [case]}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(whole), encoding="utf-8")
    done = subprocess.run(
        [requires_tool("promtool"), "test", "rules", "test.yaml"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n" not in quoted(name)


@pytest.mark.parametrize(
    ("workload", "pod", "is_its"),
    [
        ("ocr", "ocr-6d4cf56db6-x7k2p", True),
        ("ocr", "ocr--read-6d4cf56db6-x7k2p", False),
        ("ocr--read", "ocr--read-6d4cf56db6-x7k2p", True),
        ("a" * 63, "a" * 58 + "x7k2p", True),
        ("a" * 50, ("a" * 50 + "-6d4cf56db6-")[:58] + "x7k2p", True),
        ("a" * 46, ("a" * 46 + "-6d4cf56db6-")[:58] + "x7k2p", True),
        ("a" * 46, "a" * 45 + "-6d4cf56db6-x7k2p", False),
    ],
)
def test_pods_are_known_by_names_as_kubernetes_makes_them(workload: str, pod: str, is_its: bool) -> None:
    assert bool(re.fullmatch(pods_of(workload), pod)) is is_its
