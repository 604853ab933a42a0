"""A real Prometheus that scrapes the server, promtool, and what deploy/ says to them."""

import json
import os
import re
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from listener import PATIENCE_S, Listener
from nereid import ROOT, TEST_MODELS, Nereid

TOOLS = Path(os.environ["NEREID_TOOLS"])
DEPLOY = ROOT / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana/dashboards/nereid.json").read_text())

SERVED_ELSEWHERE = re.compile(r"nv_gpu_|nereid_batch_delay_")
"""What this server has none of: no GPU, no batcher that learns."""

ONLY_HTTP2 = re.compile(r"nereid_limits_met_|nereid_pending_response_")
"""What grpc-js does not tell."""


def untold(transport, name):
    return SERVED_ELSEWHERE.search(name) or (transport == "grpc-js" and ONLY_HTTP2.search(name))


def promtool(*arguments, stdin=None):
    return subprocess.run([TOOLS / "promtool", *arguments], input=stdin, capture_output=True, text=True, timeout=PATIENCE_S)


def fetch(url):
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as response:
        return response.read().decode()


@pytest.fixture(scope="module")
def served(transport):
    """A server whose page of metrics has something of everything."""
    flags = ["--exit-on-error=false", "--metrics-config=summary_latencies=true", "--metrics-config=histogram_latencies=true"]
    with Nereid(TEST_MODELS, *flags, transport=transport) as running:
        running.metrics = running.wait_for(r"Started Metrics Service at ([\d.:]+)").group(1).replace("0.0.0.0", "127.0.0.1")
        yield running


@pytest.fixture(scope="module")
def prometheus(served, tmp_path_factory):
    """Scrapes that server by the config of deploy/, with another target and more often."""
    folder = tmp_path_factory.mktemp("prometheus")
    config = (DEPLOY / "prometheus/prometheus.yml").read_text()
    config = config.replace("nereid:8002", served.metrics).replace("scrape_interval: 5s", "scrape_interval: 500ms")
    (folder / "prometheus.yml").write_text(config)
    (folder / "alerts.yml").write_text((DEPLOY / "prometheus/alerts.yml").read_text())
    command = [TOOLS / "prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
               "--web.listen-address=127.0.0.1:0"]
    with Listener(command, r'msg="Listening on" address=([\d.:]+)') as running:
        running.wait_for("Server is ready to receive web requests")
        yield running


def ask(prometheus, path, **parameters):
    answer = json.loads(fetch(f"http://{prometheus.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"))
    assert answer["status"] == "success", answer
    return answer["data"]


def value_of(prometheus, query):
    result = ask(prometheus, "query", query=query)["result"]
    return float(result[0]["value"][1]) if result else None


def wait_until(condition, what):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"{what} never came"
        time.sleep(0.1)


def test_the_page_breaks_no_rule_of_the_format(served):
    page = fetch(f"http://{served.metrics}/metrics")
    told = promtool("check", "metrics", stdin=page)
    # What promtool says of Triton's names is how Triton named them; ours have nothing to be said of.
    assert told.returncode in (0, 3), told.stderr
    assert [line for line in told.stderr.splitlines() if not line.startswith("nv_")] == []


def test_config_and_alert_rules_are_right(transport):
    told = promtool("check", "config", str(DEPLOY / "prometheus/prometheus.yml"))
    assert told.returncode == 0, told.stderr
    assert "10 rules found" in told.stdout


def test_prometheus_counts_what_was_asked(served, prometheus):
    import tritonclient.grpc as triton
    import numpy as np

    with triton.InferenceServerClient(served.address) as client:
        values = np.ones([1, 4], np.float32)
        inputs = [triton.InferInput(name, values.shape, "FP32") for name in ("INPUT0", "INPUT1")]
        for tensor in inputs:
            tensor.set_data_from_numpy(values)
        before = client.get_inference_statistics("add_sub").model_stats[0].inference_stats.success.count
        for _ in range(20):
            client.infer("add_sub", inputs)
        wanted = before + 20
        query = 'nv_inference_request_success{model="add_sub"}'
        wait_until(lambda: value_of(prometheus, query) == wanted, "the scrape")
        assert value_of(prometheus, 'up{job="nereid"}') == 1
        assert value_of(prometheus, 'nereid_request_duration_seconds_count{model="add_sub",stage="request"}') == wanted
        told = client.get_inference_statistics("add_sub").model_stats[0].inference_stats
        assert value_of(prometheus, 'nv_inference_request_duration_us{model="add_sub"}') == told.success.ns // 1000


def queries():
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            yield pytest.param(target["expr"], id=f"{panel['title']} {target['refId']}")


@pytest.mark.parametrize("expression", list(queries()))
def test_the_query_of_a_panel_has_an_answer(transport, prometheus, expression):
    expression = expression.replace("$__rate_interval", "4s").replace("$instance", ".*").replace("$model", ".*")
    assert "$" not in expression
    if untold(transport, expression):
        assert ask(prometheus, "query", query=expression)["result"] == []
    else:
        wait_until(lambda: ask(prometheus, "query", query=expression)["result"], expression)


@pytest.mark.parametrize("variable", DASHBOARD["templating"]["list"], ids=lambda variable: variable["name"])
def test_the_values_of_a_variable_are_found(prometheus, variable):
    series, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["definition"]).groups()
    found = {"match[]": series.replace("$instance", ".*")}
    wait_until(lambda: ask(prometheus, f"label/{label}/values", **found), variable["definition"])


def test_every_metric_that_rules_name_is_there(transport, prometheus):
    rules = (DEPLOY / "prometheus/alerts.yml").read_text()
    expressions = [rule["query"] for group in ask(prometheus, "rules")["groups"] for rule in group["rules"]]
    assert len(expressions) == rules.count("- alert:")
    for name in set(re.findall(r"\b(?:nv|nereid)_\w+", " ".join(expressions))):
        if untold(transport, name):
            continue
        wait_until(lambda name=name: ask(prometheus, "query", query=f'{{__name__="{name}"}}')["result"], name)


def test_nothing_alarms_while_all_is_well_but_the_models_that_cannot_load(prometheus):
    alerts = ask(prometheus, "alerts")["alerts"]
    alarming = {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}
    assert alarming <= {"NereidModelNotReady"}
